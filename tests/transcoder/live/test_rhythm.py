from __future__ import annotations

from transcoder.live.rhythm import Rhythm


def test_who_sends_all_the_time_is_quiet_after_a_second() -> None:
    rhythm = Rhythm(0)
    for now in range(0, 2000, 40):
        rhythm.came(now)
    assert not rhythm.is_quiet(2960)
    assert rhythm.is_quiet(2961)


def test_who_sends_segments_may_pause_as_long_as_they_last_and_half_as_long_again() -> None:
    rhythm = Rhythm(0, bursts=True)
    for begin in range(0, 36_000, 6_000):
        assert not rhythm.is_quiet(begin)
        for now in range(begin, begin + 200, 40):
            rhythm.came(now)
    assert not rhythm.is_quiet(30_160 + 8_700)
    assert rhythm.is_quiet(30_160 + 8_900)


def test_who_may_send_segments_and_does_not_is_known_before_long() -> None:
    rhythm = Rhythm(0, bursts=True)
    for now in range(0, 16_000, 40):
        rhythm.came(now)
    assert rhythm.is_quiet(17_000)


def test_one_long_pause_says_nothing_of_the_next() -> None:
    rhythm = Rhythm(0)
    rhythm.came(8_000)
    assert not rhythm.is_quiet(9_000)
    assert rhythm.is_quiet(9_001)


def test_pauses_of_long_ago_are_forgotten() -> None:
    rhythm = Rhythm(0)
    for now in (4_000, 8_000, *range(8_100, 50_000, 100)):
        rhythm.came(now)
    assert rhythm.is_quiet(51_001)
