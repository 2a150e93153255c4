"""EXT-X-MEDIA (RFC 8216bis §4.4.6.1): one alternative rendition of a group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, cast, get_args

from manifests.errors import PlaylistError
from manifests.hls import attributes, lines
from manifests.hls.attributes import quoted

if TYPE_CHECKING:
    from manifests.hls.lines import Tag

TAG: Final = "EXT-X-MEDIA"
MediaType = Literal["AUDIO", "VIDEO", "SUBTITLES"]
_KNOWN: Final = frozenset({"TYPE", "GROUP-ID", "NAME", "LANGUAGE", "DEFAULT", "AUTOSELECT", "CHANNELS", "URI"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaRendition:
    """One audio, video or subtitle track that variants choose by its group."""

    type: MediaType
    """TYPE (required)"""
    group: str
    """GROUP-ID (required)"""
    name: str
    """NAME (required), unique within the group"""
    language: str | None = None
    """LANGUAGE, an RFC 5646 tag"""
    default: bool = False
    """DEFAULT"""
    autoselect: bool = False
    """AUTOSELECT; goes with DEFAULT"""
    channels: str | None = None
    """CHANNELS, for audio the number of channels"""
    uri: str | None = None
    """URI of the media playlist; None where the variant's own playlist carries the track"""

    def check(self) -> None:
        """Raises PlaylistError for a combination of attributes that §4.4.6.1 excludes."""
        if self.default and not self.autoselect:
            raise PlaylistError(f"{TAG}: a default rendition must be AUTOSELECT")
        if self.type == "SUBTITLES" and self.uri is None:
            raise PlaylistError(f"{TAG}: subtitles need a URI")

    def render(self) -> str:
        self.check()
        return attributes.render(TAG, (
            ("TYPE", attributes.symbol(self.type)),
            ("GROUP-ID", quoted(self.group)),
            ("NAME", quoted(self.name)),
            ("LANGUAGE", None if self.language is None else quoted(self.language)),
            ("DEFAULT", "YES" if self.default else "NO"),
            ("AUTOSELECT", "YES" if self.autoselect else "NO"),
            ("CHANNELS", None if self.channels is None else quoted(self.channels)),
            ("URI", None if self.uri is None else quoted(lines.uri(self.uri))),
        ))  # fmt: skip


def parse(tag: Tag) -> MediaRendition:
    found = attributes.parse(tag, _KNOWN)
    kind = found.need("TYPE", found.symbol("TYPE"))
    if kind not in get_args(MediaType):
        raise PlaylistError(f"{TAG}: TYPE={kind} is not known", line=tag.line)
    return MediaRendition(
        type=cast("MediaType", kind),
        group=found.need("GROUP-ID", found.quoted("GROUP-ID")),
        name=found.need("NAME", found.quoted("NAME")),
        language=found.quoted("LANGUAGE"),
        default=found.flag("DEFAULT"),
        autoselect=found.flag("AUTOSELECT"),
        channels=found.quoted("CHANNELS"),
        uri=found.quoted("URI"),
    )
