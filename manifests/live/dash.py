"""The states of a channel as an MPD: whole segments, for players that speak DASH.

It counts on the epoch: segment n begins n whole segments after 1970, in the media's time stamps, too. The presentation
begins with the first segment that there ever was. (With 1970 dash.js stands still at times: seconds of today have no
exact microseconds in floating point.) What interrupts ends a period; gaps are in none. Players know a period by the
number of its first segment, however much of it has left.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from manifests.dash import AdaptationSet, Representation, SegmentTemplate
from manifests.dash.live_mpd import LiveMpd, Period
from manifests.dash.segment_template import NUMBER, REPRESENTATION
from manifests.errors import LiveError
from manifests.hls import date_time
from manifests.live import names
from manifests.live.state import LiveRendition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manifests.live.state import LiveSegment

_DELAY: Final = 3
"""Target durations that players stay behind, as HOLD-BACK."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One rendition: what an MPD says of it, and its state. `group` and `representation` are without a template."""

    group: AdaptationSet
    """the set that it belongs to; tracks of one set name the same"""
    representation: Representation
    """its @id is the folder of its media, seen from the manifest"""
    state: LiveRendition


def mpd(tracks: Sequence[Track], *, now_ms: int) -> LiveMpd:
    """Raises LiveError where no segment is whole, or one is not where its number says."""
    runs: defaultdict[int, list[tuple[Track, tuple[LiveSegment, ...]]]] = defaultdict(list)
    for track in tracks:
        for run, segments in _runs(track.state).items():
            runs[run].append((track, segments))
    if not runs:
        raise LiveError("no segment is whole yet")
    states = [track.state for track in tracks]
    target = max(state.pace.target_duration for state in states)
    last, first = max(runs), min(state.first for state in states)
    origin = first * _segment_s(states[0])
    if (1000 * origin).denominator != 1:
        raise LiveError("segments do not begin at whole milliseconds")
    windows = [Fraction(state.window, state.pace.timescale) for state in states if state.window is not None]
    return LiveMpd(
        origin=date_time.from_ms(int(1000 * origin)),
        published=date_time.from_ms(max(state.changed_ms for state in states)),
        now=date_time.from_ms(now_ms),
        update=None if all(state.ended for state in states) else _segment_s(states[0]),
        end=max(_end(track.state, segments[-1]) for members in runs.values() for track, segments in members) - origin,
        depth=max(windows, default=None),
        delay=Fraction(_DELAY * target),
        min_buffer=Fraction(target),
        periods=tuple(_period(run, runs[run], origin, is_last=run == last) for run in sorted(runs)),
    )


def _runs(state: LiveRendition) -> dict[int, tuple[LiveSegment, ...]]:
    """Whole segments by the number of the first of their run, without gaps."""
    found: defaultdict[int, list[LiveSegment]] = defaultdict(list)
    for segment in state.segments:
        if not segment.gap:
            found[segment.run].append(segment)
    full = state.pace.parts * state.pace.part
    for run in found.values():
        if any(segment.duration != full for segment in run[:-1]):
            raise LiveError("a segment inside a run is short: what follows is not where its number says")
    return {run: tuple(segments) for run, segments in found.items()}


def _period(
    run: int, members: Sequence[tuple[Track, tuple[LiveSegment, ...]]], origin: Fraction, *, is_last: bool
) -> Period:
    start = run * _segment_s(members[0][0].state)
    by_set: dict[int, AdaptationSet] = {}
    for track, segments in members:
        known = by_set.get(track.group.id, replace(track.group, representations=()))
        one = replace(track.representation, template=_template(run, track, segments))
        by_set[track.group.id] = replace(known, representations=(*known.representations, one))
    end = max(_end(track.state, segments[-1]) for track, segments in members)
    return Period(
        id=str(run), start=start - origin, duration=None if is_last else end - start, sets=tuple(by_set.values())
    )  # fmt: skip


def _template(run: int, track: Track, segments: Sequence[LiveSegment]) -> SegmentTemplate:
    pace, folder = track.state.pace, track.representation.id
    full = pace.parts * pace.part
    return SegmentTemplate(
        media=f"{REPRESENTATION}/{names.SEGMENTS.format(number=NUMBER)}",
        initialization=f"{folder}/{segments[0].init}",
        timescale=pace.timescale,
        number=segments[0].number,
        begin=segments[0].number * full,
        offset=run * full,
        durations=tuple(segment.duration for segment in segments),
    )


def _segment_s(state: LiveRendition) -> Fraction:
    return Fraction(state.pace.parts * state.pace.part, state.pace.timescale)


def _end(state: LiveRendition, segment: LiveSegment) -> Fraction:
    return segment.number * _segment_s(state) + Fraction(segment.duration, state.pace.timescale)
