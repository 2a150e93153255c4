from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from transcoder.live.timing.drift import FASTEST_AT_FIRST_PPM, FASTEST_PPM, Drift

if TYPE_CHECKING:
    from collections.abc import Iterator

MINUTE, HOUR = 60_000, 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Packets each `every` ms by our clock, on their way for `delay(t)` ms and up to `jitter` more; one in a hundred is
    held up for up to a second. Of a file of segments: they come when the segment of `segment` ms is over."""

    ppm: int
    every: int = 2000
    jitter: int = 0
    segment: int = 0
    delay: Callable[[int], int] = lambda _: 0

    def off(self, drift: Drift, hours: float, *, start: int = 0) -> Iterator[tuple[int, int]]:
        """When a picture was taken (ms), and by how many µs its time stamp says something else, when it is moved."""
        unrest = random.Random(f"{self.ppm} {self.jitter}")
        for taken in range(start, start + int(hours * HOUR), self.every):
            stamp = 1000 * taken + taken * self.ppm // 1000
            sent = (taken // self.segment + 1) * self.segment if self.segment else taken
            held_up = unrest.randrange(1000) if unrest.random() < 0.01 else 0
            came = sent + self.delay(taken) + unrest.randint(0, self.jitter) + held_up
            drift.note(1000 * came - stamp, came)
            yield taken, stamp + drift.shift - 1000 * taken


@example(ppm=200, jitter=0)
@example(ppm=-200, jitter=30)
@given(ppm=st.integers(-200, 200), jitter=st.integers(0, 40))
@settings(max_examples=8, deadline=None)
def test_a_day_of_a_clock_that_runs_wrong_is_off_by_less_than_a_picture(ppm: int, jitter: int) -> None:
    off = [off for _, off in Publisher(ppm=ppm, jitter=jitter).off(Drift(), 24)]
    assert all(abs(each) <= 30_000 + 1000 * jitter for each in off)
    if not jitter:
        assert abs(off[-1]) <= 25_000


@pytest.mark.parametrize("ppm", [-200, 0, 200])
def test_who_sends_whole_segments_stays_as_late_as_he_was(ppm: int) -> None:
    drift = Drift(bursts=True)
    off = [off for _, off in Publisher(ppm=ppm, every=500, segment=6000, jitter=100).off(drift, 8)]
    assert all(abs(each) <= 150_000 for each in off)
    assert drift.aim is not None
    assert 500_000 <= drift.aim < 600_000  # the last packet of a segment


def test_nothing_is_ever_moved_faster_than_anybody_hears() -> None:
    drift, last = Drift(), 0
    for now in range(0, 30 * MINUTE, 500):
        drift.note(-3 * now, now)
        fastest = FASTEST_AT_FIRST_PPM if now <= MINUTE + 2000 else FASTEST_PPM
        assert abs(drift.shift - last) <= fastest * 500 // 1000 + 1
        last = drift.shift
    assert drift.ppm == -FASTEST_PPM


def test_what_the_first_packets_were_late_is_made_up_for_in_a_minute() -> None:
    drift = Drift()
    off = dict(Publisher(ppm=0, every=40, delay=lambda _: -150).off(drift, 0.05))
    assert off[1000] == 0
    assert off[MINUTE] < -120_000
    assert off[2 * MINUTE] == pytest.approx(-150_000, abs=20_000)


def test_another_way_through_the_network_is_followed_slowly() -> None:
    drift = Drift()
    off = dict(Publisher(ppm=0, delay=lambda taken: 300 if taken > 10 * MINUTE else 0).off(drift, 1))
    assert off[10 * MINUTE] == 0
    assert 0 < off[12 * MINUTE] < 60_000
    assert 280_000 < off[50 * MINUTE] <= 300_000


def test_what_was_only_held_up_is_not_moved() -> None:
    drift = Drift()
    for taken in range(0, 10 * MINUTE, 40):
        came = max(taken, 64_000) if 60_000 <= taken < 64_000 else taken  # four seconds come in a burst
        drift.note(1000 * (came - taken), came)
    assert abs(drift.shift) < 1000


def test_who_has_not_lived_through_a_pause_is_moved_behind_it_at_once() -> None:
    drift, paused = Drift(), 7000
    for taken in range(0, 2 * MINUTE, 40):
        came = taken + (paused if taken >= MINUTE else 0)
        drift.note(1000 * (came - taken), came)
        if taken == MINUTE + 4000:
            assert drift.shift == 1000 * paused
    assert drift.shift == 1000 * paused


def test_who_pauses_again_and_again_is_followed_all_the_same() -> None:
    drift = Drift()
    off = dict(Publisher(ppm=200, every=1100).off(drift, 4))
    assert max(map(abs, off.values())) < 30_000


def test_who_is_very_late_for_long_is_moved_at_once() -> None:
    drift = Drift()
    for taken in range(0, 3 * MINUTE, 100):
        drift.note(6_000_000 if taken > MINUTE else 0, taken)
    assert drift.shift == 6_000_000
