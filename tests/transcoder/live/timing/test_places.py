from __future__ import annotations

import random
from itertools import pairwise

import pytest

from transcoder.live.timing.places import Places

SECOND = 1_000_000


def places(stamps: list[int], rate: int, *, moved: bool = True) -> list[int]:
    """Where ffmpeg's `fps` puts pictures (round=near), in the order in which they are shown."""
    grid = Places(rate=rate, zero=0)
    return sorted((2 * (at + (grid.shift(at) if moved else 0)) * rate + SECOND) // (2 * SECOND) for at in stamps)


def odd_steps(found: list[int]) -> list[int]:
    """Where one is dropped (0) or repeated (2)."""
    return [number for number, (before, after) in enumerate(pairwise(found)) if after - before != 1]


@pytest.mark.parametrize("rate", [25, 30, 50, 60])
@pytest.mark.parametrize("ppm", [-200, -100, 100, 200])
def test_a_clock_that_runs_wrong_costs_single_pictures(rate: int, ppm: int) -> None:
    unrest = random.Random(0)
    minutes = 20
    stamps = [
        round(number * SECOND / rate * (1 + ppm / SECOND)) + 500 + unrest.randint(-3000, 3000)
        for number in range(minutes * 60 * rate)
    ]
    found = odd_steps(places(stamps, rate))
    expected = abs(ppm) * minutes * 60 * rate / SECOND
    assert abs(len(found) - expected) <= 1
    assert all(after - before > 10 * rate for before, after in pairwise(found))
    # The reason for all this: without it pictures change their places to and fro.
    assert len(odd_steps(places(stamps, rate, moved=False))) > 20 * expected


def test_pictures_that_come_halfway_between_two_places_are_no_trouble() -> None:
    stamps = [(number * 100_000 + 50_000 + 1500) // 3 // 1000 * 1000 for number in range(3000)]  # whole milliseconds
    assert odd_steps(places(stamps, 30)) == []
    assert len(odd_steps(places(stamps, 30, moved=False))) > 500


def test_29_97_pictures_a_second_are_repeated_every_33_seconds() -> None:
    found = odd_steps(places([number * 1001 * SECOND // 30_000 // 1000 * 1000 for number in range(30 * 120)], 30))
    assert len(found) in (3, 4)
    assert all(990 <= after - before <= 1010 for before, after in pairwise(found))


def test_pictures_that_are_sent_before_others_are_dropped_and_repeated_singly_too() -> None:
    shown = [number * 40_012 + 7000 for number in range(30_000)]
    sent = [shown[0]]
    for group in range(1, len(shown) - 3, 3):  # P B B
        sent += [shown[group + 2], shown[group], shown[group + 1]]
    found = odd_steps(places(sent, 25))
    assert abs(len(found) - 30_000 * 12 / 40_000) <= 1
    assert all(after - before > 1000 for before, after in pairwise(found))


@pytest.mark.parametrize("rate", [24, 15, 7])
def test_pictures_of_another_rate_are_not_led_astray(rate: int) -> None:
    stamps = [number * SECOND // rate for number in range(rate * 60)]
    found = places(stamps, 25)
    assert found[-1] - found[0] in range(60 * 25 - 6, 60 * 25 + 1)
    assert all(after > before for before, after in pairwise(found))


def test_pictures_are_never_far_from_their_time() -> None:
    grid, unrest, at = Places(rate=25, zero=12_345), random.Random(1), 0
    for _ in range(20_000):
        at += unrest.choice([0, 33_000, 40_000, 47_000, 400_000])
        assert abs(grid.shift(at)) <= 27_000
