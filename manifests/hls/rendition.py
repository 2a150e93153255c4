"""EXT-X-MEDIA (RFC 8216bis §4.4.6.1): one alternative rendition of a group."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, cast, get_args

from manifests.errors import PlaylistError
from manifests.hls import attributes, lines
from manifests.hls.attributes import quoted

if TYPE_CHECKING:
    from manifests.hls.lines import Tag

TAG: Final = "EXT-X-MEDIA"
MediaType = Literal["AUDIO", "VIDEO", "SUBTITLES", "CLOSED-CAPTIONS"]
_KNOWN: Final = frozenset({
    "TYPE", "GROUP-ID", "NAME", "LANGUAGE", "ASSOC-LANGUAGE", "DEFAULT", "AUTOSELECT", "FORCED", "INSTREAM-ID",
    "CHARACTERISTICS", "CHANNELS", "URI",
})  # fmt: skip
_INSTREAM_ID: Final = re.compile(r"CC[1-4]|SERVICE([1-9]|[1-5][0-9]|6[0-3])")


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
    assoc_language: str | None = None
    """ASSOC-LANGUAGE, of another role than LANGUAGE: spoken against written, say"""
    default: bool = False
    """DEFAULT"""
    autoselect: bool = False
    """AUTOSELECT; goes with DEFAULT"""
    forced: bool = False
    """FORCED: subtitles that belong to the picture whatever the viewer chose"""
    instream_id: str | None = None
    """INSTREAM-ID (required for closed captions): CC1 to CC4, SERVICE1 to SERVICE63"""
    characteristics: tuple[str, ...] = ()
    """CHARACTERISTICS: uniform type identifiers, `public.accessibility.describes-video` say"""
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
        if self.forced and self.type != "SUBTITLES":
            raise PlaylistError(f"{TAG}: only subtitles are FORCED")
        if (self.instream_id is not None) != (self.type == "CLOSED-CAPTIONS"):
            raise PlaylistError(f"{TAG}: closed captions, and nothing else, need INSTREAM-ID")
        if self.instream_id is not None and _INSTREAM_ID.fullmatch(self.instream_id) is None:
            raise PlaylistError(f"{TAG}: INSTREAM-ID={self.instream_id!r} is not known")
        if self.type == "CLOSED-CAPTIONS" and self.uri is not None:
            raise PlaylistError(f"{TAG}: closed captions are in the picture's segments and have no URI")
        if not all(each and "," not in each for each in self.characteristics):
            raise PlaylistError(f"{TAG}: not fit for CHARACTERISTICS: {self.characteristics!r}")

    def version(self) -> int:
        """The EXT-X-VERSION that it needs (§8)."""
        return 7 if self.instream_id is not None and self.instream_id.startswith("SERVICE") else 1

    def render(self) -> str:
        self.check()
        return attributes.render(TAG, (
            ("TYPE", attributes.symbol(self.type)),
            ("GROUP-ID", quoted(self.group)),
            ("NAME", quoted(self.name)),
            ("LANGUAGE", None if self.language is None else quoted(self.language)),
            ("ASSOC-LANGUAGE", None if self.assoc_language is None else quoted(self.assoc_language)),
            ("DEFAULT", "YES" if self.default else "NO"),
            ("AUTOSELECT", "YES" if self.autoselect else "NO"),
            ("FORCED", "YES" if self.forced else None),
            ("INSTREAM-ID", None if self.instream_id is None else quoted(self.instream_id)),
            ("CHARACTERISTICS", quoted(",".join(self.characteristics)) if self.characteristics else None),
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
        assoc_language=found.quoted("ASSOC-LANGUAGE"),
        default=found.flag("DEFAULT"),
        autoselect=found.flag("AUTOSELECT"),
        forced=found.flag("FORCED"),
        instream_id=found.quoted("INSTREAM-ID"),
        characteristics=found.quoted_list("CHARACTERISTICS"),
        channels=found.quoted("CHANNELS"),
        uri=found.quoted("URI"),
    )
