from __future__ import annotations

from itertools import pairwise

import pytest

from transcoder.live.timing.keeper import Timekeeper

SOUND, PICTURE = 8, 9
SECOND, HOUR = 1_000_000, 3_600_000_000


def settled(*, bursts: bool = False) -> Timekeeper:
    keeper = Timekeeper(bursts=bursts)
    keeper.settle(start=0, anchor=0, phase=0, rate=25)
    return keeper


class Encoder:
    """Sound each 20 ms, pictures each 40 ms, sent at once; `clock` µs is what its clock is off."""

    def __init__(self, keeper: Timekeeper) -> None:
        self._keeper, self.clock = keeper, 0
        self.sounds: list[tuple[int, int]] = []
        """When it was heard, and what its time stamp became (µs)."""
        self.pictures: list[tuple[int, int]] = []

    def run(self, begin: int, end: int) -> None:
        """From second to second, by our clock."""
        for now in range(begin * SECOND, end * SECOND, 20_000):
            stamp = now + self.clock
            if now % 40_000 == 0:
                shift = self._keeper.picture(PICTURE, stamp, now // 1000, shown=stamp)
                self.pictures.append((now, stamp + shift))
            self.sounds.append((now, stamp + self._keeper.sound(SOUND, stamp, now // 1000)))


def check(encoder: Encoder) -> None:
    """Everything is where it belongs, and sound and pictures are together."""
    assert all(abs(at - now) <= 20_000 for now, at in encoder.sounds + encoder.pictures)
    assert all(0 < after[1] - before[1] < 100_000 for before, after in pairwise(encoder.sounds))
    sounds = dict(encoder.sounds)
    assert all(abs(at - sounds[now]) <= 24_000 for now, at in encoder.pictures)


@pytest.mark.parametrize("jump", [7 * HOUR, -7 * HOUR, 3 * SECOND, -3 * SECOND, 600_000, 1 << 40])
def test_time_stamps_that_jump_go_on(jump: int) -> None:
    encoder = Encoder(settled())
    for number in range(4):
        encoder.clock = number * jump
        encoder.run(20 * number, 20 * (number + 1))
    check(encoder)


def test_an_encoder_that_is_started_again_is_where_it_would_have_been() -> None:
    encoder = Encoder(settled())
    encoder.run(0, 100)
    encoder.clock = -104 * SECOND  # from 0 on, four seconds later
    encoder.run(104, 130)
    before, after = encoder.sounds[: 100 * 50], encoder.sounds[100 * 50 :]
    assert (before[-1][1], after[0]) == (100 * SECOND - 20_000, (104 * SECOND, 104 * SECOND))
    assert encoder.pictures[-1][1] - encoder.sounds[-2][1] == 0


def test_a_hole_in_which_time_went_by_stays() -> None:
    keeper = settled()
    encoder = Encoder(keeper)
    encoder.run(0, 10)
    encoder.run(17, 20)
    check_to = [at for _, at in encoder.sounds]
    assert check_to[500] == 17 * SECOND
    assert keeper.moved == 0


def test_a_hole_inside_a_segment_that_comes_whole_stays() -> None:
    keeper = settled(bursts=True)
    for second in (*range(6), *range(10, 12)):
        assert keeper.sound(SOUND, second * SECOND, 12_000) == 0


def test_segments_of_an_encoder_that_was_started_again_follow_each_other() -> None:
    keeper = settled(bursts=True)
    made = []
    for number, begin in enumerate((60, 66, 0, 6)):
        for second in range(6):
            at = (begin + second) * SECOND
            made.append(at + keeper.sound(SOUND, at, 60_000 + 6000 * (number + 1)))
    assert all(0 <= after - before <= SECOND for before, after in pairwise(made))


def test_one_track_that_jumps_alone_goes_on_alone() -> None:
    keeper = settled()
    for now in range(0, 10 * SECOND, 20_000):
        late = 5 * SECOND if now > 5 * SECOND else 0
        assert now - late + keeper.sound(SOUND, now - late, now // 1000) == now
        assert now + keeper.sound(PICTURE, now, now // 1000) == now


def test_nothing_is_moved_before_it_is_known_where_to() -> None:
    keeper = Timekeeper()
    for stamp in (5 * SECOND, 900 * SECOND, 0):
        assert keeper.picture(PICTURE, stamp, 0, shown=stamp) == 0
        assert keeper.sound(SOUND, stamp, 0) == 0
    keeper.settle(start=0, anchor=0, phase=10, rate=25)
    assert keeper.sound(SOUND, 20_000, 20) == 0
    assert keeper.picture(PICTURE, 20_000, 20, shown=20_000) == 10_000


def test_another_encoder_begins_with_what_was_moved_by_then() -> None:
    keeper = settled()
    encoder = Encoder(keeper)
    encoder.run(0, 10)
    encoder.clock = -7 * HOUR
    encoder.run(10, 60)
    keeper.settle(start=60 * SECOND, anchor=60_000, phase=0, rate=25)
    encoder.run(60, 120)
    assert keeper.moved == 7 * HOUR
    check(encoder)


def test_what_waited_for_a_slow_encoder_tells_no_time() -> None:
    moved = []
    for in_time in (True, False):
        keeper = settled()
        keeper.in_time = in_time
        for second in range(60):  # it comes by half as fast as it should
            for at in range(second * SECOND, (second + 1) * SECOND, 100_000):
                keeper.sound(SOUND, at, 2 * at // 1000)
        moved.append(keeper.moved)
    assert moved[0] > 20 * SECOND
    assert moved[1] == 0


def test_a_flood_of_tracks_is_moved_as_the_others_are() -> None:
    keeper = settled()
    for track in range(1000):
        keeper.sound(track, track * HOUR, 0)
    encoder = Encoder(keeper)
    assert len(keeper._tracks) < 100
    encoder.run(0, 1)
    assert len({at - now for now, at in encoder.sounds}) == 1
