"""A live rendition as a typed playlist, without what lies behind the skip boundary (RFC 8216bis §6.2.5.1)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from itertools import accumulate, chain
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Final, TypeAlias

from manifests.errors import LiveError
from manifests.hls import (
    Map,
    MediaPlaylist,
    Part,
    PreloadHint,
    RenditionReport,
    Segment,
    SegmentHead,
    ServerControl,
    date_time,
)
from manifests.live import names
from manifests.live.state import LiveRendition
from manifests.live.timeline import Entry

if TYPE_CHECKING:
    from collections.abc import Iterable

    from manifests.hls import DateRange
    from manifests.live.state import LiveSegment

At: TypeAlias = tuple[Sequence[Entry], Sequence[Entry]]
"""Date ranges in front of a segment, and among its parts."""
Placed: TypeAlias = Mapping[int, At]
"""The same at the segments of a state, by their place in it."""
NOTHING: Final[At] = ((), ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """The other playlists of a channel, by their URI seen from the one that reports them."""

    media: Mapping[str, LiveRendition] = field(default_factory=dict)
    """media playlists"""
    iframes: Mapping[str, LiveRendition] = field(default_factory=dict)
    """I-frame playlists, and the renditions that they are of"""

    def reports(self) -> tuple[RenditionReport, ...]:
        """Of all that have something to report (§4.4.5.4); one of I-frames has no parts."""
        parts = [(uri, state.last_part) for uri, state in self.media.items()]
        wholes = [(uri, state.last_whole) for uri, state in self.iframes.items()]
        return (
            *(RenditionReport(uri=uri, last_msn=last[0], last_part=last[1]) for uri, last in parts if last is not None),
            *(RenditionReport(uri=uri, last_msn=last) for uri, last in wholes if last is not None),
        )


ALONE: Final = Reported()
_VERSION: Final = 6
"""EXT-X-MAP needs it (§8); no tag of parts needs more."""
SKIP_UNTIL: Final = 6
"""CAN-SKIP-UNTIL in target durations: the least that is allowed (§4.4.3.8)."""
_HOLD_BACK: Final = 3
"""HOLD-BACK in target durations, PART-HOLD-BACK in PART-TARGET: at the least."""
_BUFFERED: Final = 1
"""Seconds that a player has in its buffer at PART-HOLD-BACK, also right before the next part comes.

hls.js plays faster only with more than that. Nearer to the edge it changes its speed with every part, up and down, and
gets no nearer.
"""


def skipped(state: LiveRendition) -> int:
    """How many segments lie wholly behind the skip boundary, which is counted from the end of the last whole one."""
    if not state.segments:
        return 0
    oldest = state.segments[-1].end - state.pace.ticks(SKIP_UNTIL * state.pace.target_duration)
    return bisect_left(state.segments, oldest, key=attrgetter("end"))


def place(state: LiveRendition, entries: Iterable[Entry], *, with_parts: bool) -> Placed:
    """Which date ranges stand at which segment. Where no parts are listed, in front of the segment that they are in.

    So a playlist changes at its end only (§6.2.1). What is said of a part that this rendition does not have yet, since
    another one is ahead of it, is left out until it has come so far.
    """
    found: dict[int, tuple[list[Entry], list[Entry]]] = {}
    for entry in entries:
        if entry.position > state.edge and not state.ended:
            continue
        number, index = entry.position
        at = min(max(0, number - state.media_sequence), len(state.segments))
        is_inside = with_parts and index > 0 and state.segment(number) is not None
        found.setdefault(at, ([], []))[is_inside].append(entry)
    return found


def kept(placed: Placed, left: int) -> Placed:
    """The date ranges at segments that a delta update leaves out stand at the first one that is in it."""
    moved = [entry for place in sorted(placed) if place < left for entry in chain(*placed[place])]
    before, inside = placed.get(left, NOTHING)
    return {**{place: at for place, at in placed.items() if place > left}, left: ([*moved, *before], list(inside))}


def low_latency(state: LiveRendition, placed: Placed, others: Reported) -> MediaPlaylist:
    """With all that §B.1 asks for, without what is behind the skip boundary.

    Raises LiveError where the renditions do not belong to one channel.
    """
    return replace(
        build(state, placed, with_parts=True),
        server_control=control(state, others),
        part_target=state.pace.part_target,
        preload_hints=() if state.ended else _hints(state),
        rendition_reports=others.reports(),
    )


def build(state: LiveRendition, placed: Placed, *, with_parts: bool) -> MediaPlaylist:
    """What is not behind the skip boundary."""
    count = skipped(state)
    behind, nothing = len(state.segments), placed.get(len(state.segments), NOTHING)
    growing = SegmentHead(before=tuple(entry.tag for entry in nothing[0]))
    if state.growing is not None and with_parts:
        growing = _head(state, state.growing, nothing, with_parts=True)
    segments = tuple(
        segment_of(state, state.segments[place], placed.get(place, NOTHING), with_parts=with_parts)
        for place in range(count, behind)
    )
    first = state.segments[count] if segments else state.growing
    return MediaPlaylist(
        version=_VERSION,
        target_duration=state.pace.target_duration,
        media_sequence=state.media_sequence,
        discontinuity_sequence=state.discontinuity_sequence,
        independent_segments=True,
        map=None if first is None else map_of(first),
        segments=segments,
        growing=None if growing == SegmentHead() else growing,
        ended=state.ended,
    )


def control(state: LiveRendition, others: Reported) -> ServerControl:
    """The same in all playlists (§6.2.4): their target duration is, and the longest PART-TARGET counts for all."""
    states, target = (state, *others.media.values()), state.pace.target_duration
    part = max(each.pace.part_target for each in states)
    if any(state.pace.target_duration != target for state in states):
        raise LiveError("renditions of one channel have one target duration (§6.2.4)")
    return ServerControl(
        can_block_reload=True,
        can_skip_until=Fraction(SKIP_UNTIL * target),
        can_skip_dateranges=True,
        hold_back=Fraction(_HOLD_BACK * target),
        part_hold_back=max(_HOLD_BACK * part, _BUFFERED + part),
    )


def _hints(state: LiveRendition) -> tuple[PreloadHint, ...]:
    """The next part, and its init section where that is another one (§6.2.6)."""
    hint = PreloadHint(type="PART", uri=names.part(*state.next_part))
    latest = state.growing or (state.segments[-1] if state.segments else None)
    if latest is None or latest.init == state.init:
        return (hint,)
    return (PreloadHint(type="MAP", uri=state.init), hint)


def map_of(segment: LiveSegment) -> Map | None:
    """EXT-X-MAP in front of a first segment that does not say itself which one it needs."""
    return None if segment.new_init else Map(uri=segment.init)


def segment_of(state: LiveRendition, segment: LiveSegment, at: At, *, with_parts: bool) -> Segment:
    head = _head(state, segment, at, with_parts=with_parts)
    return Segment(
        **{each.name: getattr(head, each.name) for each in fields(head)},
        uri=names.segment(segment.number),
        duration=state.pace.seconds(segment.start, segment.end),
        gap=segment.gap,
    )


def _head(state: LiveRendition, segment: LiveSegment, at: At, *, with_parts: bool) -> SegmentHead:
    before, inside = at
    parts = _parts(state, segment) if with_parts and segment.unlisted_ms is None else ()
    listed: list[tuple[tuple[int, bool], Part | DateRange]] = [
        *(((index, True), part) for index, part in enumerate(parts)),
        *(((entry.position[1], False), entry.tag) for entry in inside),
    ]
    listed.sort(key=itemgetter(0))  # stable: a range stands in front of its part
    return SegmentHead(
        before=tuple(entry.tag for entry in before),
        discontinuity=segment.discontinuity,
        map=Map(uri=segment.init) if segment.new_init else None,
        program_date_time=date_time.from_ms(segment.pdt_ms),
        listed=tuple(each for _, each in listed),
    )


def _parts(state: LiveRendition, segment: LiveSegment) -> tuple[Part, ...]:
    ends = list(accumulate((part.duration for part in segment.parts), initial=segment.start))
    return tuple(
        Part(
            uri=names.part(segment.number, index),
            duration=state.pace.seconds(ends[index], ends[index + 1]),
            independent=part.independent,
            gap=part.gap,
        )
        for index, part in enumerate(segment.parts)
    )
