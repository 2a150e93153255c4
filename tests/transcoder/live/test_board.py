from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from manifests.live import change
from tests.transcoder.live import feeds
from transcoder.live import board
from transcoder.live.packager import pace_of

if TYPE_CHECKING:
    from manifests.live.state import LiveRendition

EVENT = feeds.event()
PACE = pace_of(EVENT, EVENT.sound.id)


def state_of(segments: int, *, parts: int = 2, window_s: int = 3600) -> LiveRendition:
    state = change.begin(pace=PACE, number=100, init="init-1.mp4", window_s=window_s)
    for number in range(segments + 1):
        for _ in range(PACE.parts if number < segments else parts):
            state = change.add_part(
                state, duration=PACE.part, size=9, now_ms=2000 * number, independent=True, pdt_ms=1920 * number
            )
        if number < segments:
            state = change.end_segment(state, now_ms=2000 * number)
    return state


def test_a_state_is_its_tail_and_the_past_before_it() -> None:
    state = state_of(20)
    tail = board.load_tail(board.dump_tail(state))
    assert len(tail.state.segments) == board.RECENT
    past = [board.load_segment(board.dump_segment(segment)) for segment in state.segments[: -board.RECENT]]
    joined = board.joined(past, tail)
    assert joined is not None
    assert [segment.number for segment in joined.segments] == list(range(100, 120))
    assert joined.segments[-board.RECENT :] == state.segments[-board.RECENT :]
    assert joined.growing == state.growing


def test_the_tail_goes_on_from_any_state_that_was_known_before() -> None:
    for known in range(1, 21):
        joined = board.joined(state_of(known).segments, board.tail_of(state_of(20)))
        if known + board.RECENT < 20:
            assert joined is None  # there is a hole between
        else:
            assert joined is not None
            assert [segment.number for segment in joined.segments] == list(range(100, 120))


@pytest.mark.parametrize("missing", [range(103, 107), range(100, 107), range(100)])
def test_the_past_may_lack_what_left_the_window_untold(missing: range) -> None:
    late = state_of(30, window_s=32)
    begin = late.segments[-board.RECENT].number
    assert late.media_sequence in range(107, begin - 1)
    past = [each for each in state_of(30).segments if each.number not in missing]
    assert board.joined(past, board.tail_of(late)) == late
    assert board.joined([each for each in past if each.number != begin - 1], board.tail_of(late)) is None


def test_what_has_left_the_window_leaves_the_joined_state() -> None:
    late = state_of(40, window_s=20)
    assert late.media_sequence > 100
    joined = board.joined(state_of(39).segments, board.tail_of(late))
    assert joined is not None
    assert joined.segments[0].number == late.media_sequence


def test_a_tail_stays_short() -> None:
    assert len(board.dump_tail(state_of(300))) < 8_000
