"""What a media playlist lists: EXT-X-MAP and EXTINF (RFC 8216bis §4.4.4)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from manifests.errors import PlaylistError
from manifests.hls import attributes, decimals, lines

if TYPE_CHECKING:
    from manifests.hls.lines import Tag, Uri

EXTINF: Final = "EXTINF"
MAP: Final = "EXT-X-MAP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """EXT-X-MAP: the init section of the segments behind it."""

    uri: str
    """URI (required)"""

    def render(self) -> str:
        return attributes.render(MAP, [("URI", attributes.quoted(lines.uri(self.uri)))])


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """EXTINF and the URI line behind it."""

    uri: str
    """the line behind the tag (required)"""
    duration: Fraction
    """EXTINF (required): seconds, a multiple of a microsecond"""

    def render(self) -> str:
        """Two lines."""
        try:
            duration = decimals.render(self.duration)
        except ValueError as exc:
            raise PlaylistError(f"{EXTINF}: {exc}") from exc
        return f"#{EXTINF}:{duration},\n{lines.uri(self.uri)}"


def parse_map(tag: Tag) -> Map:
    found = attributes.parse(tag, frozenset({"URI"}))
    return Map(uri=found.need("URI", found.quoted("URI")))


def parse_segment(tag: Tag, uri: Uri) -> Segment:
    text, comma, title = tag.required_value.partition(",")
    if not comma or title:
        raise PlaylistError(f"{EXTINF} needs a duration, a comma and no title", line=tag.line)
    try:
        return Segment(uri=uri.text, duration=decimals.parse(text))
    except ValueError as exc:
        raise PlaylistError(f"{EXTINF}: {exc}", line=tag.line) from exc
