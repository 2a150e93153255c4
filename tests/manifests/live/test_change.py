from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from manifests.errors import LiveError
from manifests.live import change
from tests.manifests.live.paces import DAWN, THIRDS, VIDEO, begun, later

if TYPE_CHECKING:
    from manifests.live.state import LiveRendition, LiveSegment

LONG = VIDEO.part


def part(
    state: LiveRendition, *, duration: int = LONG, independent: bool = False, gap: bool = False, pdt_ms: int = DAWN
) -> LiveRendition:
    now = state.changed_ms + 320
    return change.add_part(
        state, duration=duration, size=7, independent=independent, gap=gap, pdt_ms=pdt_ms, now_ms=now
    )  # fmt: skip


def growing(state: LiveRendition) -> LiveSegment:
    assert state.growing is not None
    return state.growing


def test_parts_become_a_segment() -> None:
    state = part(part(begun(), independent=True))
    assert (growing(state).count, growing(state).duration, growing(state).size) == (2, 2 * LONG, 14)
    state = change.end_segment(state, now_ms=state.changed_ms)
    (segment,) = state.segments
    assert (segment.number, segment.count, segment.ended_ms) == (40, 2, state.changed_ms)
    assert (state.growing, state.number) == (None, 41)


def test_the_clock_of_a_state_never_steps_back() -> None:
    state = later(begun(), 3)
    earlier = change.add_part(state, duration=LONG, size=1, now_ms=0)
    assert earlier.changed_ms == state.changed_ms
    assert growing(earlier).parts[-1].published_ms == state.changed_ms


def test_dates_go_on_with_the_time_stamps() -> None:
    state = later(begun(THIRDS), 6 * 900)
    assert [segment.pdt_ms - DAWN for segment in state.segments] == [3200 * n for n in range(900)]


def test_a_date_counts_behind_a_discontinuity_and_never_steps_back() -> None:
    state = change.discontinue(later(begun(), 8), now_ms=0)
    end_ms = DAWN + 8 * 320
    dates = [growing(part(state, pdt_ms=pdt)).pdt_ms for pdt in (0, end_ms, end_ms + 5000)]
    assert dates == [end_ms, end_ms, end_ms + 5000]
    on = part(change.end_segment(part(state, pdt_ms=end_ms + 5000), now_ms=0))
    assert growing(on).pdt_ms == end_ms + 5320


def test_another_init_section_comes_with_a_discontinuity() -> None:
    state = change.discontinue(later(begun(), 2), init="init-2.mp4", now_ms=0)
    assert state.growing is None
    assert [segment.count for segment in state.segments] == [2]
    state = part(state)
    assert (growing(state).init, growing(state).new_init, growing(state).discontinuity) == ("init-2.mp4", True, True)
    state = part(change.end_segment(state, now_ms=0))
    assert (growing(state).new_init, growing(state).discontinuity) == (False, False)


def test_there_is_no_discontinuity_in_front_of_everything() -> None:
    state = part(change.discontinue(begun(), init="init-2.mp4", now_ms=DAWN))
    assert (growing(state).discontinuity, growing(state).new_init, growing(state).init) == (False, False, "init-2.mp4")


def test_absence_keeps_its_time_and_its_number() -> None:
    state = change.add_gap(later(begun(), 8), now_ms=0)
    assert [(segment.number, segment.gap, segment.count) for segment in state.segments] == [
        (40, False, 6),
        (41, False, 2),
        (42, True, 6),
    ]
    assert change.add_gap(state, parts=2, now_ms=0).segments[-1].duration == 2 * LONG


@pytest.mark.parametrize("duration", [0, -1, LONG + 1])
def test_a_part_lasts_at_most_its_target(duration: int) -> None:
    with pytest.raises(LiveError, match="PART-TARGET"):
        part(begun(), duration=duration)


@pytest.mark.parametrize(
    ("duration", "independent", "allowed"),
    [(LONG * 85 // 100, False, True), (LONG * 85 // 100 - 1, False, False), (1, True, True)],
)
def test_only_the_last_part_of_a_segment_may_be_short(duration: int, independent: bool, allowed: bool) -> None:
    state = part(begun(), duration=duration, independent=independent)
    change.end_segment(state, now_ms=0)
    if allowed:
        part(state)
    else:
        with pytest.raises(LiveError, match="85 %"):
            part(state)


def test_a_segment_has_no_more_parts_than_the_pace_says() -> None:
    state = begun()
    for _ in range(6):
        state = part(state)
    with pytest.raises(LiveError, match="must end first"):
        part(state)


def test_a_segment_is_a_gap_or_has_none() -> None:
    for first in (False, True):
        with pytest.raises(LiveError, match="gap"):
            part(part(begun(), gap=first), gap=not first)


def test_the_end_is_the_end() -> None:
    state = change.end(later(begun(), 8), now_ms=0)
    assert state.ended
    assert [segment.count for segment in state.segments] == [6, 2]
    assert change.end(state, now_ms=0) is state
    for wrong in (
        lambda: part(state),
        lambda: change.end_segment(state, now_ms=0),
        lambda: change.discontinue(state, now_ms=0),
        lambda: change.add_gap(state, now_ms=0),
    ):
        with pytest.raises(LiveError, match="ended"):
            wrong()


def test_there_must_be_something_to_end_and_a_date_to_begin_with() -> None:
    with pytest.raises(LiveError, match="no segment"):
        change.end_segment(begun(), now_ms=0)
    with pytest.raises(LiveError, match="date"):
        change.add_part(begun(), duration=LONG, size=1, now_ms=0)


def test_a_window_is_at_least_what_delta_updates_never_leave_out() -> None:
    begun(window_s=12)
    with pytest.raises(ValueError, match="window"):
        begun(window_s=11)


def test_behind_an_absence_without_measure_numbers_go_on_and_nothing_old_is_left() -> None:
    before = later(change.discontinue(later(begun(), 8), now_ms=0), 8)
    state = part(change.leap(before, number=9000, now_ms=before.changed_ms), pdt_ms=DAWN + 10**7)
    assert (state.media_sequence, state.segments, growing(state).number) == (9000, (), 9000)
    assert growing(state).pdt_ms == DAWN + 10**7
    assert state.discontinuity_sequence == 2
    assert change.leap(begun(), number=41, now_ms=0).discontinuity_sequence == 0
    with pytest.raises(LiveError, match="has been there"):
        change.leap(before, number=43, now_ms=0)


def test_whoever_goes_on_says_how_many_discontinuities_there_were() -> None:
    state = change.begin(pace=VIDEO, number=9, init="i", discontinuity_sequence=3)
    assert state.first == 9
    assert state == replace(begun(number=9), init="i", discontinuity_sequence=3)


def test_what_is_lost_is_a_gap_that_interrupts() -> None:
    state = later(begun(), 6 * 6)
    found = change.lose(state, {42, 43})
    assert [(each.number, each.gap, each.run) for each in found.segments] == [
        (40, False, 40), (41, False, 40), (42, True, 42), (43, True, 42), (44, False, 44), (45, False, 44),
    ]  # fmt: skip
    assert [(each.start, each.duration, each.pdt_ms) for each in found.segments] == [
        (each.start, each.duration, each.pdt_ms) for each in state.segments
    ]
    assert change.lose(found, ()) == found
    assert change.lose(state, ()) == state
