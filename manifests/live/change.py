"""What happens to a live rendition: every function makes a new state of an old one, or raises LiveError.

The promises of a live playlist are kept here (RFC 8216bis §4.4.4.9, §6.2.1): numbers never step back, nothing listed
changes, no duration leaves its bounds, dates are never ambiguous.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from manifests.errors import LiveError
from manifests.hls.part import SHORTEST
from manifests.live import ageing
from manifests.live.state import LivePart, LiveRendition, LiveSegment, Pace

if TYPE_CHECKING:
    from collections.abc import Collection

WINDOW: Final = 6
"""Target durations that a playlist keeps at the least: as much as delta updates never leave out."""


def begin(
    *, pace: Pace, number: int, init: str, window_s: int | None = None, discontinuity_sequence: int = 0
) -> LiveRendition:
    """A rendition whose first segment will be `number`. `window_s`: how far viewers can seek back; None: to the start.

    Whoever goes on under a URL that had a playlist before says how many discontinuities that one had.
    Raises ValueError for a window of less than six target durations.
    """
    if window_s is not None and window_s < WINDOW * pace.target_duration:
        raise ValueError(f"a window of less than {WINDOW} target durations")
    return LiveRendition(
        pace=pace,
        window=None if window_s is None else pace.ticks(window_s),
        number=number,
        init=init,
        first=number,
        discontinuity_sequence=discontinuity_sequence,
    )


def add_part(
    state: LiveRendition,
    *,
    duration: int,
    size: int,
    now_ms: int,
    independent: bool = False,
    gap: bool = False,
    pdt_ms: int | None = None,
    picture: int = 0,
) -> LiveRendition:
    """A part came: it lasts `duration` ticks and has `size` bytes. The first one of a segment begins it.

    `pdt_ms`: date of its first sample. It counts for the first part there is and for one behind a discontinuity; in
    between, dates go on with the time stamps. A date before the end of what is there already is moved to that end.
    `picture`: bytes of the part up to the end of the key picture that it begins with; 0 if it begins with none.
    """
    _check_open(state)
    now = max(now_ms, state.changed_ms)
    part = LivePart(duration=duration, size=size, published_ms=now, independent=independent, gap=gap)
    segment, run = (state.growing, state.run) if state.growing is not None else _opened(state, pdt_ms, gap)
    _check_part(state.pace, segment, part)
    growing = segment.with_part(part, picture=picture)
    changed = replace(state, growing=growing, discontinuity=False, run=run, changed_ms=now)
    return ageing.age(changed, now)


def end_segment(state: LiveRendition, *, now_ms: int) -> LiveRendition:
    """The segment that grows is whole, and can be downloaded as one. The next part begins another."""
    _check_open(state)
    segment = state.growing
    if segment is None:
        raise LiveError("there is no segment to end")
    now = max(now_ms, state.changed_ms)
    segments = (*state.segments, replace(segment, ended_ms=now))
    number = segment.number + 1
    return ageing.age(replace(state, segments=segments, growing=None, number=number, changed_ms=now), now)


def discontinue(state: LiveRendition, *, now_ms: int, init: str | None = None) -> LiveRendition:
    """What comes next does not go on from what is there: other time stamps, or another encoding, with another `init`.

    The segment that grows ends here (§6.2.1: any such change is marked, and segments are what is marked).
    """
    ended = state if state.growing is None else end_segment(state, now_ms=now_ms)
    _check_open(ended)
    beginning = not ended.segments
    return replace(
        ended, discontinuity=not beginning, init=init or ended.init, changed_ms=max(now_ms, ended.changed_ms)
    )


def add_gap(state: LiveRendition, *, now_ms: int, parts: int | None = None) -> LiveRendition:
    """A segment of `parts` parts (None: as many as one has) that are missing: they keep their time and their number."""
    ended = state if state.growing is None else end_segment(state, now_ms=now_ms)
    for _ in range(ended.pace.parts if parts is None else parts):
        ended = add_part(ended, duration=ended.pace.part, size=0, gap=True, now_ms=now_ms)
    return end_segment(ended, now_ms=now_ms)


def leap(state: LiveRendition, *, number: int, now_ms: int) -> LiveRendition:
    """All that is listed leaves, and segment `number` comes next: behind an absence too long to be listed as gaps.

    It does not go on from what was there, so the discontinuity numbers go on by one. Raises LiveError for a number that
    has been there.
    """
    ended = state if state.growing is None else end_segment(state, now_ms=now_ms)
    _check_open(ended)
    if number < ended.number:
        raise LiveError(f"segment {number} has been there")
    now = max(now_ms, ended.changed_ms)
    gone = ended.discontinuity_sequence + sum(segment.discontinuity for segment in ended.segments)
    return replace(
        ended,
        number=number,
        segments=(),
        discontinuity=False,
        discontinuity_sequence=gone + bool(ended.segments),
        changed_ms=now,
    )


def lose(state: LiveRendition, numbers: Collection[int]) -> LiveRendition:
    """Without these segments, which nobody has: they keep their time and their number, as gaps.

    For a playlist that has not listed them yet, and for one whose beginning nobody remembers (§6.2.1).
    """
    segments: list[LiveSegment] = []
    for segment in state.segments:
        gap = segment.gap or segment.number in numbers
        before = segments[-1] if segments else segment
        goes_on = gap == before.gap and (not segments or (_is_full(state, before) and not segment.new_init))
        parts = tuple(replace(part, gap=gap) for part in segment.parts)
        run = before.run if goes_on else segment.number
        segments.append(replace(segment, gap=gap, run=run, parts=parts))
    return replace(state, segments=tuple(segments))


def end(state: LiveRendition, *, now_ms: int) -> LiveRendition:
    """Nothing comes any more. Ending twice is ending once."""
    if state.ended:
        return state
    ended = state if state.growing is None else end_segment(state, now_ms=now_ms)
    return replace(ended, ended=True, discontinuity=False, changed_ms=max(now_ms, ended.changed_ms))


def _opened(state: LiveRendition, pdt_ms: int | None, gap: bool) -> tuple[LiveSegment, tuple[int, int]]:
    """The next segment, without parts, and where dates are counted from."""
    if not state.segments:
        if pdt_ms is None:
            raise LiveError("the first part needs a date")
        first = LiveSegment(number=state.number, start=0, pdt_ms=pdt_ms, init=state.init, run=state.number, gap=gap)
        return first, (0, pdt_ms)
    before = state.segments[-1]
    from_ticks, from_ms = state.run
    continued_ms = from_ms + state.pace.ms(before.end - from_ticks)
    date_ms = max(pdt_ms, continued_ms) if state.discontinuity and pdt_ms is not None else continued_ms
    segment = LiveSegment(
        number=state.number,
        start=before.end,
        pdt_ms=date_ms,
        init=state.init,
        new_init=state.init != before.init,
        discontinuity=state.discontinuity,
        run=before.run if _goes_on(state, before, gap) else state.number,
        gap=gap,
    )
    return segment, ((before.end, date_ms) if state.discontinuity else state.run)


def _goes_on(state: LiveRendition, before: LiveSegment, gap: bool) -> bool:
    """Whether what comes can be appended to what is there, as what stands in for a publisher, and his return."""
    return _is_full(state, before) and gap == before.gap and state.init == before.init


def _is_full(state: LiveRendition, segment: LiveSegment) -> bool:
    return segment.duration == state.pace.parts * state.pace.part


def _check_open(state: LiveRendition) -> None:
    if state.ended:
        raise LiveError("the stream has ended")


def _check_part(pace: Pace, segment: LiveSegment, part: LivePart) -> None:
    if not 0 < part.duration <= pace.part:
        raise LiveError("a part lasts no time, or longer than PART-TARGET (§4.4.4.9)")
    if segment.count >= pace.parts:
        raise LiveError("the segment has all its parts: it must end first")
    if segment.count == 0:
        return
    if part.gap != segment.gap:
        raise LiveError("a segment is a gap, or has none")
    before = segment.parts[-1]
    if before.duration < SHORTEST * pace.part and not (before.independent or before.gap):
        raise LiveError("only the last part of a segment may be below 85 % of PART-TARGET (§4.4.4.9)")
