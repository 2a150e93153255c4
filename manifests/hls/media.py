"""The media playlist (RFC 8216bis §4.4.3): the segments of one rendition."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final, Literal, cast, get_args

from manifests.errors import PlaylistError
from manifests.hls import (
    attributes,
    decimals,
    key,
    lines,
    live_checks,
    part,
    preload_hint,
    rendition_report,
    segment,
    server_control,
    skip,
)
from manifests.hls.key import Key
from manifests.hls.lines import Tag, Uri
from manifests.hls.multivariant import INDEPENDENT_SEGMENTS, VERSION
from manifests.hls.preload_hint import PreloadHint
from manifests.hls.rendition_report import RenditionReport
from manifests.hls.segment import Map, Segment, SegmentHead
from manifests.hls.server_control import ServerControl
from manifests.hls.skip import Skip

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from manifests.hls.lines import Line

TARGETDURATION: Final = "EXT-X-TARGETDURATION"
MEDIA_SEQUENCE: Final = "EXT-X-MEDIA-SEQUENCE"
PLAYLIST_TYPE: Final = "EXT-X-PLAYLIST-TYPE"
ENDLIST: Final = "EXT-X-ENDLIST"
I_FRAMES_ONLY: Final = "EXT-X-I-FRAMES-ONLY"
START: Final = "EXT-X-START"
PlaylistType = Literal["VOD", "EVENT"]

DISCONTINUITY_SEQUENCE: Final = "EXT-X-DISCONTINUITY-SEQUENCE"

_SINGLES: Final = frozenset({
    VERSION, TARGETDURATION, MEDIA_SEQUENCE, DISCONTINUITY_SEQUENCE, PLAYLIST_TYPE, I_FRAMES_ONLY,
    INDEPENDENT_SEGMENTS, START, ENDLIST, part.INF, server_control.TAG, skip.TAG,
})  # fmt: skip
_BEFORE_SEGMENTS: Final = frozenset({MEDIA_SEQUENCE, DISCONTINUITY_SEQUENCE, skip.TAG})
_AT_THE_END: Final = frozenset({preload_hint.TAG, rendition_report.TAG})
TAGS: Final = (_SINGLES - {VERSION, INDEPENDENT_SEGMENTS, START}) | segment.TAGS | _AT_THE_END
"""Tags that only a media playlist has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPlaylist:
    version: int
    """EXT-X-VERSION (§8): 3 for decimal durations, 4 for byte ranges, 6 with an EXT-X-MAP (5 where all are I-frames),
    9 for a delta update, 10 for one that leaves date ranges out"""
    target_duration: int
    """EXT-X-TARGETDURATION (required), s: no rounded duration is longer"""
    media_sequence: int = 0
    """EXT-X-MEDIA-SEQUENCE: number of the first segment"""
    discontinuity_sequence: int | None = None
    """EXT-X-DISCONTINUITY-SEQUENCE: discontinuities in front of the first segment; needed where segments leave"""
    playlist_type: PlaylistType | None = None
    """EXT-X-PLAYLIST-TYPE"""
    iframes_only: bool = False
    """EXT-X-I-FRAMES-ONLY (§4.4.3.6): each segment is one I-frame, and its duration that until the next"""
    independent_segments: bool = False
    """EXT-X-INDEPENDENT-SEGMENTS"""
    start: Fraction | None = None
    """EXT-X-START TIME-OFFSET: where to begin, s from the beginning (§4.4.2.2)"""
    server_control: ServerControl | None = None
    """EXT-X-SERVER-CONTROL"""
    part_target: Fraction | None = None
    """EXT-X-PART-INF PART-TARGET, s (required with parts): none is longer"""
    map: Map | None = None
    """EXT-X-MAP of the segments, up to the first that has another"""
    init_keys: tuple[Key, ...] = ()
    """EXT-X-KEY in front of EXT-X-MAP: of the init section, too (§4.4.4.5)"""
    skip: Skip | None = None
    """EXT-X-SKIP: this is a delta update, and `segments` are those behind the ones left out"""
    segments: tuple[Segment, ...] = ()
    """EXTINF"""
    growing: SegmentHead | None = None
    """the segment behind them, of which there are parts; or date ranges at the end"""
    preload_hints: tuple[PreloadHint, ...] = ()
    """EXT-X-PRELOAD-HINT"""
    rendition_reports: tuple[RenditionReport, ...] = ()
    """EXT-X-RENDITION-REPORT, of every other rendition"""
    ended: bool = False
    """EXT-X-ENDLIST"""

    def check(self) -> None:
        """Raises PlaylistError where the parts do not go together."""
        segment.check_init_keys(self.map, self.init_keys)
        growing = () if self.growing is None else (self.growing,)
        of_keys = (each.version() for each in self.init_keys)
        of_segments = (each.version() for each in (*self.segments, *growing))
        needed = max([self._map_version(), 1 if self.skip is None else self.skip.version(), *of_keys, *of_segments])
        if self.version < needed:
            raise PlaylistError(f"{VERSION} must be {needed} or more (§8)")
        if self.target_duration < target_duration(each.duration for each in self.segments):
            raise PlaylistError(f"{TARGETDURATION} is less than the longest segment (§4.4.3.1)")
        live_checks.check(self)

    def _map_version(self) -> int:
        if self.iframes_only:
            return 4 if self.map is None else 5
        return 1 if self.map is None else 6

    def render(self) -> str:
        """The text. Raises PlaylistError."""
        self.check()
        return lines.write([*self.head(), *self.body()])

    def head(self) -> list[str]:
        """Its lines in front of the first segment, unchecked."""
        found = [f"#{VERSION}:{self.version}", f"#{TARGETDURATION}:{self.target_duration}"]
        if self.server_control is not None:
            found.append(self.server_control.render())
        if self.part_target is not None:
            found.append(part.render_target(self.part_target))
        found.append(f"#{MEDIA_SEQUENCE}:{self.media_sequence}")
        if self.discontinuity_sequence is not None:
            found.append(f"#{DISCONTINUITY_SEQUENCE}:{self.discontinuity_sequence}")
        if self.playlist_type is not None:
            found.append(f"#{PLAYLIST_TYPE}:{self.playlist_type}")
        if self.iframes_only:
            found.append(f"#{I_FRAMES_ONLY}")
        if self.independent_segments:
            found.append(f"#{INDEPENDENT_SEGMENTS}")
        if self.start is not None:
            found.append(_render_start(self.start))
        found += [each.render() for each in self.init_keys]
        if self.map is not None:
            found.append(self.map.render())
        if self.skip is not None:
            found.append(self.skip.render())
        return found

    def body(self) -> list[str]:
        """Its lines from the first segment on, unchecked; an item may be several lines."""
        found = [each.render() for each in self.segments]
        if self.growing is not None:
            found += self.growing.head()
        found += [each.render() for each in self.preload_hints]
        found += [each.render() for each in self.rendition_reports]
        if self.ended:
            found.append(f"#{ENDLIST}")
        return found


def target_duration(durations: Iterable[Fraction]) -> int:
    """The longest duration (s) rounded to the nearest second (§4.4.3.1), at least 1."""
    return max(1, int(decimals.round_half_up(max(durations, default=Fraction(1)))))


def parse(body: Sequence[Line]) -> MediaPlaylist:
    """Raises PlaylistError."""
    singles: list[Tag] = []
    segments: list[Segment] = []
    section: SegmentHead | None = None
    waiting: list[Tag] = []
    end: list[Tag] = []
    for line in body:
        if isinstance(line, Uri):
            segments.append(segment.parse_segment(waiting, line, before=segments[-1] if segments else None))
            waiting = []
        elif line.name == segment.MAP and not segments and not section and segment.is_first_map(waiting):
            section = segment.parse_head([*(tag for tag in waiting if tag.name == key.TAG), line])
            waiting = [tag for tag in waiting if tag.name != key.TAG]
        elif line.name in segment.TAGS:
            waiting.append(line)
        elif line.name in _AT_THE_END:
            end.append(line)
        elif line.name not in _SINGLES:
            raise PlaylistError(f"{line.name} is not known in a media playlist", line=line.line)
        elif segments and line.name in _BEFORE_SEGMENTS:
            raise PlaylistError(f"{line.name} must come before the first segment (§4.4.3.2)", line=line.line)
        else:
            singles.append(line)
    playlist = _build(lines.once(singles), section or SegmentHead(), tuple(segments), waiting, end)
    playlist.render()  # what cannot be written must not be read either
    return playlist


def _build(
    singles: dict[str, Tag], section: SegmentHead, segments: tuple[Segment, ...], waiting: list[Tag], end: list[Tag]
) -> MediaPlaylist:
    def integer(name: str, default: int) -> int:
        return singles[name].integer() if name in singles else default

    if TARGETDURATION not in singles:
        raise PlaylistError(f"{TARGETDURATION} is missing")
    kind = singles[PLAYLIST_TYPE].required_value if PLAYLIST_TYPE in singles else None
    if kind not in {None, *get_args(PlaylistType)}:
        raise PlaylistError(f"{PLAYLIST_TYPE}:{kind} is not known", line=singles[PLAYLIST_TYPE].line)
    for name in (I_FRAMES_ONLY, INDEPENDENT_SEGMENTS, ENDLIST):
        if name in singles:
            singles[name].bare()
    return MediaPlaylist(
        version=integer(VERSION, 1),
        target_duration=integer(TARGETDURATION, 0),
        media_sequence=integer(MEDIA_SEQUENCE, 0),
        discontinuity_sequence=integer(DISCONTINUITY_SEQUENCE, 0) if DISCONTINUITY_SEQUENCE in singles else None,
        playlist_type=cast("PlaylistType | None", kind),
        iframes_only=I_FRAMES_ONLY in singles,
        independent_segments=INDEPENDENT_SEGMENTS in singles,
        start=_start(singles[START]) if START in singles else None,
        server_control=server_control.parse(singles[server_control.TAG]) if server_control.TAG in singles else None,
        part_target=part.parse_target(singles[part.INF]) if part.INF in singles else None,
        map=section.map,
        init_keys=section.init_keys,
        skip=skip.parse(singles[skip.TAG]) if skip.TAG in singles else None,
        segments=segments,
        growing=segment.parse_head(waiting) if waiting else None,
        preload_hints=tuple(preload_hint.parse(tag) for tag in end if tag.name == preload_hint.TAG),
        rendition_reports=tuple(rendition_report.parse(tag) for tag in end if tag.name == rendition_report.TAG),
        ended=ENDLIST in singles,
    )


def _render_start(offset: Fraction) -> str:
    try:
        return attributes.render(START, [("TIME-OFFSET", decimals.render(offset))])
    except ValueError as exc:
        raise PlaylistError(f"{START}: {exc}") from exc


def _start(tag: Tag) -> Fraction:
    found = attributes.parse(tag, frozenset({"TIME-OFFSET"}))
    return found.need("TIME-OFFSET", found.decimal("TIME-OFFSET"))
