"""The media playlist (RFC 8216bis §4.4.3): the segments of one rendition."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final, Literal, cast, get_args

from manifests.errors import PlaylistError
from manifests.hls import attributes, decimals, lines, segment
from manifests.hls.lines import Tag, Uri
from manifests.hls.multivariant import INDEPENDENT_SEGMENTS, VERSION
from manifests.hls.segment import Map, Segment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from manifests.hls.lines import Line

TARGETDURATION: Final = "EXT-X-TARGETDURATION"
MEDIA_SEQUENCE: Final = "EXT-X-MEDIA-SEQUENCE"
PLAYLIST_TYPE: Final = "EXT-X-PLAYLIST-TYPE"
ENDLIST: Final = "EXT-X-ENDLIST"
START: Final = "EXT-X-START"
PlaylistType = Literal["VOD", "EVENT"]

_SINGLES: Final = frozenset(
    {VERSION, TARGETDURATION, MEDIA_SEQUENCE, PLAYLIST_TYPE, INDEPENDENT_SEGMENTS, START, ENDLIST}
)
TAGS: Final = frozenset({TARGETDURATION, MEDIA_SEQUENCE, PLAYLIST_TYPE, ENDLIST, segment.EXTINF, segment.MAP})
"""Tags that only a media playlist has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPlaylist:
    version: int
    """EXT-X-VERSION (§8): 3 for decimal durations, 6 with an EXT-X-MAP"""
    target_duration: int
    """EXT-X-TARGETDURATION (required), s: no rounded duration is longer"""
    media_sequence: int = 0
    """EXT-X-MEDIA-SEQUENCE: number of the first segment"""
    playlist_type: PlaylistType | None = None
    """EXT-X-PLAYLIST-TYPE"""
    independent_segments: bool = False
    """EXT-X-INDEPENDENT-SEGMENTS"""
    start: Fraction | None = None
    """EXT-X-START TIME-OFFSET: where to begin, s from the beginning (§4.4.2.2)"""
    map: Map | None = None
    """EXT-X-MAP of all the segments"""
    segments: tuple[Segment, ...] = ()
    """EXTINF"""
    ended: bool = False
    """EXT-X-ENDLIST"""

    def check(self) -> None:
        """Raises PlaylistError where the parts do not go together."""
        decimal = any(each.duration.denominator != 1 for each in self.segments)
        needed = 6 if self.map is not None else 3 if decimal else 1
        if self.version < needed:
            raise PlaylistError(f"{VERSION} must be {needed} or more (§8)")
        if self.target_duration < target_duration(each.duration for each in self.segments):
            raise PlaylistError(f"{TARGETDURATION} is less than the longest segment (§4.4.3.1)")

    def render(self) -> str:
        """The text. Raises PlaylistError."""
        self.check()
        body = [
            f"#{VERSION}:{self.version}",
            f"#{TARGETDURATION}:{self.target_duration}",
            f"#{MEDIA_SEQUENCE}:{self.media_sequence}",
        ]
        if self.playlist_type is not None:
            body.append(f"#{PLAYLIST_TYPE}:{self.playlist_type}")
        if self.independent_segments:
            body.append(f"#{INDEPENDENT_SEGMENTS}")
        if self.start is not None:
            body.append(_render_start(self.start))
        if self.map is not None:
            body.append(self.map.render())
        body += [each.render() for each in self.segments]
        if self.ended:
            body.append(f"#{ENDLIST}")
        return lines.write(body)


def target_duration(durations: Iterable[Fraction]) -> int:
    """The longest duration (s) rounded to the nearest second (§4.4.3.1), at least 1."""
    return max(1, int(decimals.round_half_up(max(durations, default=Fraction(1)))))


def parse(body: Sequence[Line]) -> MediaPlaylist:
    """Raises PlaylistError."""
    singles: list[Tag] = []
    segments: list[Segment] = []
    section: Map | None = None
    waiting: Tag | None = None
    for line in body:
        if isinstance(line, Uri):
            if waiting is None:
                raise PlaylistError(f"a URI without {segment.EXTINF}", line=line.line)
            segments.append(segment.parse_segment(waiting, line))
            waiting = None
        elif waiting is not None:
            break
        elif line.name == segment.EXTINF:
            waiting = line
        elif line.name == segment.MAP:
            if section is not None or segments:
                raise PlaylistError(f"only one {segment.MAP}, before the first segment, is known", line=line.line)
            section = segment.parse_map(line)
        elif line.name not in _SINGLES:
            raise PlaylistError(f"{line.name} is not known in a media playlist", line=line.line)
        elif segments and line.name == MEDIA_SEQUENCE:
            raise PlaylistError(f"{MEDIA_SEQUENCE} must come before the first segment (§4.4.3.2)", line=line.line)
        else:
            singles.append(line)
    if waiting is not None:
        raise PlaylistError(f"{segment.EXTINF} needs a URI on the next line", line=waiting.line)
    return _build(lines.once(singles), section, tuple(segments))


def _build(singles: dict[str, Tag], section: Map | None, segments: tuple[Segment, ...]) -> MediaPlaylist:
    def integer(name: str, default: int) -> int:
        return singles[name].integer() if name in singles else default

    if TARGETDURATION not in singles:
        raise PlaylistError(f"{TARGETDURATION} is missing")
    kind = singles[PLAYLIST_TYPE].required_value if PLAYLIST_TYPE in singles else None
    if kind not in {None, *get_args(PlaylistType)}:
        raise PlaylistError(f"{PLAYLIST_TYPE}:{kind} is not known", line=singles[PLAYLIST_TYPE].line)
    for name in (INDEPENDENT_SEGMENTS, ENDLIST):
        if name in singles:
            singles[name].bare()
    playlist = MediaPlaylist(
        version=integer(VERSION, 1),
        target_duration=integer(TARGETDURATION, 0),
        media_sequence=integer(MEDIA_SEQUENCE, 0),
        playlist_type=cast("PlaylistType | None", kind),
        independent_segments=INDEPENDENT_SEGMENTS in singles,
        start=_start(singles[START]) if START in singles else None,
        map=section,
        segments=segments,
        ended=ENDLIST in singles,
    )
    playlist.render()  # what cannot be written must not be read either
    return playlist


def _render_start(offset: Fraction) -> str:
    try:
        return attributes.render(START, [("TIME-OFFSET", decimals.render(offset))])
    except ValueError as exc:
        raise PlaylistError(f"{START}: {exc}") from exc


def _start(tag: Tag) -> Fraction:
    found = attributes.parse(tag, frozenset({"TIME-OFFSET"}))
    return found.need("TIME-OFFSET", found.decimal("TIME-OFFSET"))
