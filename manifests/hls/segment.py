"""What a media playlist lists: EXT-X-MAP, and EXTINF with what belongs to it (RFC 8216bis §4.4.4)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from manifests.errors import PlaylistError
from manifests.hls import attributes, byte_range, decimals, key, lines
from manifests.hls.byte_range import ByteRange
from manifests.hls.key import Key

if TYPE_CHECKING:
    from manifests.hls.lines import Tag, Uri

EXTINF: Final = "EXTINF"
MAP: Final = "EXT-X-MAP"
TAGS: Final = frozenset({EXTINF, byte_range.TAG, key.TAG})
"""Tags in front of the URI that they belong to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """EXT-X-MAP: the init section of the segments behind it."""

    uri: str
    """URI (required)"""
    byte_range: ByteRange | None = None
    """BYTERANGE; absent means the whole resource"""

    def render(self) -> str:
        part = None if self.byte_range is None else attributes.quoted(self.byte_range.render())
        return attributes.render(MAP, [("URI", attributes.quoted(lines.uri(self.uri))), ("BYTERANGE", part)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """EXTINF, what else is said of the segment, and the URI line behind it."""

    uri: str
    """the line behind the tags (required)"""
    duration: Fraction
    """EXTINF (required): seconds, a multiple of a microsecond. In a playlist of I-frames: until the next one"""
    byte_range: ByteRange | None = None
    """EXT-X-BYTERANGE; absent means the whole resource"""
    keys: tuple[Key, ...] = ()
    """EXT-X-KEY in front of it: of this segment and those behind it, until the next that has any"""

    def render(self) -> str:
        """Two lines or more."""
        key.check_together(self.keys)
        try:
            duration = decimals.render(self.duration)
        except ValueError as exc:
            raise PlaylistError(f"{EXTINF}: {exc}") from exc
        found = [each.render() for each in self.keys]
        found.append(f"#{EXTINF}:{duration},")
        if self.byte_range is not None:
            found.append(f"#{byte_range.TAG}:{self.byte_range.render()}")
        return "\n".join([*found, lines.uri(self.uri)])

    def version(self) -> int:
        """The EXT-X-VERSION that it needs (§8)."""
        decimal = 3 if self.duration.denominator != 1 else 1
        return max([decimal, 1 if self.byte_range is None else 4, *(each.version() for each in self.keys)])


def parse_map(tag: Tag) -> Map:
    found = attributes.parse(tag, frozenset({"URI", "BYTERANGE"}))
    uri, text = found.need("URI", found.quoted("URI")), found.quoted("BYTERANGE")
    part = None if text is None else byte_range.parse(text, following=None, line=tag.line)
    return Map(uri=uri, byte_range=part)


def parse_segment(tags: list[Tag], uri: Uri, *, before: Segment | None) -> Segment:
    """The segment of a URI line and the tags in front of it; `before`: the one listed before it."""
    found = lines.once(tag for tag in tags if tag.name != key.TAG)
    if EXTINF not in found:
        raise PlaylistError(f"a URI without {EXTINF}", line=uri.line)
    part = None
    if byte_range.TAG in found:
        tag = found[byte_range.TAG]
        continued = before.byte_range if before is not None and before.uri == uri.text else None
        following = None if continued is None else continued.end
        part = byte_range.parse(tag.required_value, following=following, line=tag.line)
    return Segment(
        uri=uri.text,
        duration=_duration(found[EXTINF]),
        byte_range=part,
        keys=tuple(key.parse(tag) for tag in tags if tag.name == key.TAG),
    )


def _duration(tag: Tag) -> Fraction:
    text, comma, title = tag.required_value.partition(",")
    if not comma or title:
        raise PlaylistError(f"{EXTINF} needs a duration, a comma and no title", line=tag.line)
    try:
        return decimals.parse(text)
    except ValueError as exc:
        raise PlaylistError(f"{EXTINF}: {exc}", line=tag.line) from exc
