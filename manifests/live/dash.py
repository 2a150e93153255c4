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
from typing import TYPE_CHECKING, Final, TypeAlias

from manifests.dash import AdaptationSet, Representation, SegmentTemplate
from manifests.dash.live_mpd import LiveMpd, Period, clock_of
from manifests.dash.segment_template import NUMBER, REPRESENTATION
from manifests.errors import LiveError
from manifests.hls import date_time
from manifests.live import names
from manifests.live.state import LiveRendition, LiveSegment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from manifests.dash import Descriptor
    from manifests.dash.steady_template import SteadyTemplate

MEDIA: Final = f"{REPRESENTATION}/{names.SEGMENTS.format(number=NUMBER)}"
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


Member: TypeAlias = tuple[Track, tuple[LiveSegment, ...]]
"""A track in a run, with its segments there."""


def mpd(tracks: Sequence[Track], *, now_ms: int) -> LiveMpd:
    """Raises LiveError where no segment is whole."""
    runs = runs_of(tracks, growing=False)
    if not runs:
        raise LiveError("no segment is whole yet")
    target = max(track.state.pace.target_duration for track in tracks)
    return described(
        tracks, runs, _template, clock=clock_of(date_time.from_ms(now_ms)), delay=Fraction(_DELAY * target),
        min_buffer=Fraction(target),
    )  # fmt: skip


def runs_of(tracks: Sequence[Track], *, growing: bool) -> dict[int, list[Member]]:
    """What nothing interrupts, by the number of its first segment: of each track whole segments, without gaps; with
    `growing` those that grow, too."""
    runs: defaultdict[int, list[Member]] = defaultdict(list)
    for track in tracks:
        state, found = track.state, defaultdict[int, list[LiveSegment]](list)
        for segment in (*state.segments, *((state.growing,) if growing and state.growing is not None else ())):
            if not segment.gap:
                found[segment.run].append(segment)
        for run, segments in found.items():
            runs[run].append((track, tuple(segments)))
    return dict(runs)


def described(
    tracks: Sequence[Track], runs: Mapping[int, Sequence[Member]],
    template: Callable[[int, Track, Sequence[LiveSegment]], SegmentTemplate | SteadyTemplate], *,
    clock: Descriptor, delay: Fraction, min_buffer: Fraction,
) -> LiveMpd:  # fmt: skip
    """A period for each of the `runs`, in which each track has the `template` of the run, itself, and its segments."""
    states = [track.state for track in tracks]
    segment_s, first = segment_seconds(states[0]), min(state.first for state in states)
    origin = first * segment_s
    if (1000 * origin).denominator != 1:
        raise LiveError("segments do not begin at whole milliseconds")
    windows = [Fraction(state.window, state.pace.timescale) for state in states if state.window is not None]

    def period(run: int, members: Sequence[Member]) -> Period:
        start = run * segment_s
        by_set: dict[int, AdaptationSet] = {}
        for track, segments in members:
            known = by_set.get(track.group.id, replace(track.group, representations=()))
            one = replace(track.representation, template=template(run, track, segments))
            by_set[track.group.id] = replace(known, representations=(*known.representations, one))
        duration = None if run == max(runs) else _end(members) - start
        return Period(id=str(run), start=start - origin, duration=duration, sets=tuple(by_set.values()))

    return LiveMpd(
        origin=date_time.from_ms(int(1000 * origin)),
        published=date_time.from_ms(max(state.changed_ms for state in states)),
        clock=clock,
        update=None if all(state.ended for state in states) else segment_s,
        end=max(_end(members) for members in runs.values()) - origin,
        depth=max(windows, default=None),
        delay=delay,
        min_buffer=min_buffer,
        periods=tuple(period(run, runs[run]) for run in sorted(runs)),
    )


def _template(run: int, track: Track, segments: Sequence[LiveSegment]) -> SegmentTemplate:
    pace, folder = track.state.pace, track.representation.id
    full = pace.parts * pace.part
    return SegmentTemplate(
        media=MEDIA,
        initialization=f"{folder}/{segments[0].init}",
        timescale=pace.timescale,
        number=segments[0].number,
        begin=segments[0].number * full,
        offset=run * full,
        durations=tuple(segment.duration for segment in segments),
    )


def segment_seconds(state: LiveRendition) -> Fraction:
    return Fraction(state.pace.parts * state.pace.part, state.pace.timescale)


def _end(members: Sequence[Member]) -> Fraction:
    """Where a run ends, s since 1970."""
    return max(
        segments[-1].number * segment_seconds(track.state) + Fraction(segments[-1].duration, track.state.pace.timescale)
        for track, segments in members
    )
