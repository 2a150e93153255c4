from __future__ import annotations

import random

import pytest

from tests.transcoder.live.timing.test_drift import MINUTE, Publisher
from transcoder.live.timing.drift import Drift
from transcoder.live.timing.pace import Pace


@pytest.mark.parametrize("ppm", [-200, 0, 37, 900])
def test_a_clock_is_measured_whatever_is_made_up_for(ppm: int) -> None:
    drift, seen = Drift(), set[int]()
    for taken, _ in Publisher(ppm=ppm, every=500, jitter=20).off(drift, 0.5):
        if drift.pace.ppm is None:
            assert taken <= 4.5 * MINUTE
        else:
            seen.add(drift.pace.ppm)
    assert seen
    assert all(abs(each - ppm) <= 20 for each in seen)
    assert drift.pace.ppm == pytest.approx(ppm, abs=5)


def test_of_who_sends_whole_segments_too() -> None:
    drift = Drift(bursts=True)
    for _ in Publisher(ppm=200, every=500, segment=6000, jitter=100).off(drift, 0.5):
        pass
    assert drift.pace.ppm == pytest.approx(200, abs=25)


def test_a_few_bad_windows_move_nothing() -> None:
    pace, unrest = Pace(), random.Random(4)
    for place in range(60):
        held_up = unrest.randrange(300_000) if place % 7 == 0 else 0
        pace.note(place * 1000 + held_up, place * 10_000)  # 100 ppm slow
    assert pace.ppm == pytest.approx(-100, abs=3)


def test_who_was_moved_at_once_is_measured_anew_and_what_was_known_stays() -> None:
    drift = Drift()
    for taken in range(0, 20 * MINUTE, 500):
        drift.note(taken // 10 + (8_000_000 if taken > 10 * MINUTE else 0), taken)
        assert drift.pace.ppm in (None, -100)
    assert drift.pace.ppm == -100
    assert drift.shift > 7_900_000
