from __future__ import annotations

from fractions import Fraction

import pytest

from manifests.live.state import Pace
from tests.manifests.live.paces import DAWN, THIRDS, VIDEO, begun, later


@pytest.mark.parametrize(
    ("parts", "last_whole", "last_part", "next_part"),
    [
        (0, None, None, (40, 0)),
        (1, None, (40, 0), (40, 1)),
        (6, 40, (40, 5), (41, 0)),
        (7, 40, (41, 0), (41, 1)),
        (12, 41, (41, 5), (42, 0)),
    ],
)
def test_positions(
    parts: int, last_whole: int | None, last_part: tuple[int, int] | None, next_part: tuple[int, int]
) -> None:
    state = later(begun(), parts)
    assert (state.last_whole, state.last_part, state.next_part) == (last_whole, last_part, next_part)
    assert state.media_sequence == 40


def test_segments_by_number() -> None:
    state = later(begun(), 13)
    assert [state.segment(number) for number in (39, 40, 41, 42, 43)] == [None, *state.segments, state.growing, None]
    assert (state.duration, state.end) == (2 * 6 * 28_800, 13 * 28_800)
    assert state.first_ms == DAWN
    assert (begun().duration, begun().end, begun().first_ms) == (0, 0, None)


def test_durations_are_on_a_grid_of_microseconds_and_sums_do_not_drift() -> None:
    assert VIDEO.part_target == Fraction(32, 100)
    assert THIRDS.part_target == Fraction(533_334, 10**6)
    parts = [THIRDS.seconds(n * THIRDS.part, (n + 1) * THIRDS.part) for n in range(3000)]
    assert max(parts) <= THIRDS.part_target
    assert sum(parts) == 1600


@pytest.mark.parametrize(
    "pace",
    [
        {"timescale": 0, "part": 1, "parts": 1, "target_duration": 1},
        {"timescale": 1000, "part": 0, "parts": 1, "target_duration": 1},
        {"timescale": 1000, "part": 250, "parts": 6, "target_duration": 1},
    ],
)
def test_what_is_no_pace(pace: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"pace|target duration"):
        Pace(**pace)
