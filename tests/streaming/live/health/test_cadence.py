from __future__ import annotations

import re
import subprocess
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.live.health.cadence import Cadence, Grid
from streaming.live.health.picture import Picture

MS = 1000


def counted(stamps: list[int], rate: int, *, zero: int = 0, early: int = 0) -> Cadence:
    """What is made of these time stamps (ms), each a key picture; the grid is known after `early` of them."""
    cadence = Cadence()
    grid = Grid(rate=Fraction(rate), zero=zero, timescale=MS)
    for place, stamp in enumerate(stamps):
        if place == early:
            cadence.settle(grid)
        cadence.add(Picture(pts=stamp, key=True), timescale=MS)
    if early >= len(stamps):
        cadence.settle(grid)
    cadence.close()
    return cadence


@pytest.mark.parametrize(
    ("stamps", "dropped", "filled"),
    [
        ([0, 40, 80, 120], 0, 0),
        ([0, 40, 160, 200], 0, 2),  # two are missing
        ([0, 40, 45, 80], 1, 0),  # one too many
        ([0, 21, 40, 80], 1, 0),  # nearer to the second place than to the first
        ([0, 40, 80, 30, 120], 1, 0),  # a time stamp that goes back
        ([500, 540], 0, 0),  # what stands for the time before the first picture is no hole
    ],
)
def test_what_becomes_of_pictures(stamps: list[int], dropped: int, filled: int) -> None:
    cadence = counted(stamps, 25)
    assert (cadence.frames, cadence.dropped, cadence.filled) == (len(stamps), dropped, filled)


def filtered(places: list[int]) -> tuple[int, int]:
    """As the filter goes about it, place by place from 0 on: how many pictures are never shown, and how often one is
    shown again, but for the first one before its own place."""
    shown, at = [0] * len(places), 0
    for number, following in enumerate(places[1:]):
        while at < following:
            shown[number], at = shown[number] + 1, at + 1
    before = min(places[0], shown[0])
    shown_again = sum(max(0, times - 1) for times in (shown[0] - before, *shown[1:]))
    return shown[:-1].count(0), shown_again


@settings(max_examples=60)
@given(
    steps=st.lists(st.integers(-30, 150), min_size=1, max_size=40), rate=st.sampled_from([25, 30, 50]),
    zero=st.integers(-500, 0), early=st.integers(0, 50),
)  # fmt: skip
def test_dropped_and_filled_are_as_the_filter_goes_about_it(steps: list[int], rate: int, zero: int, early: int) -> None:
    stamps = [1000]
    for step in steps:
        stamps.append(stamps[-1] + step)
    cadence = counted(stamps, rate, zero=zero, early=early)
    grid = Grid(rate=Fraction(rate), zero=zero, timescale=MS)
    assert (cadence.dropped, cadence.filled) == filtered([grid.place(stamp) for stamp in stamps])


def test_the_filter_itself_counts_the_same(ffmpeg: str) -> None:
    """30 pictures a second onto 25, with a hole, and a phase that rounds."""
    ran = subprocess.run(
        [
            *(ffmpeg, "-loglevel", "verbose", "-f", "lavfi", "-i", "color=size=16x16:rate=30:duration=4"),
            *("-vf", "settb=1/1000,setpts='trunc(N*1000/30)+13+if(gt(N,60),217,0)',fps=25:start_time=0:round=near"),
            *("-fps_mode", "passthrough", "-f", "null", "-"),
        ],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    said = re.search(r"(\d+) frames in, (\d+) frames out; (\d+) frames dropped, (\d+) frames duplicated", ran.stderr)
    assert said is not None, ran.stderr
    frames, out, dropped, duplicated = map(int, said.groups())
    stamps = [number * MS // 30 + 13 + (217 if number > 60 else 0) for number in range(frames)]
    cadence = counted(stamps, 25)
    assert (cadence.dropped, cadence.filled) == (dropped, duplicated)
    assert out == frames - dropped + duplicated


def test_pictures_that_wait_for_later_ones_are_put_into_order() -> None:
    cadence = Cadence()
    cadence.settle(Grid(rate=Fraction(25), zero=0, timescale=MS))
    for group in range(0, 4000, 480):
        for place, shift in enumerate([0, 160, 80, 40, 120, 320, 240, 200, 280, 440, 400, 360]):
            cadence.add(Picture(pts=group + shift, key=not place), timescale=MS)
    cadence.close()
    assert (cadence.dropped, cadence.filled) == (0, 0)
    assert cadence.rate(MS) == pytest.approx(25, rel=0.01)
    assert cadence.key_interval(MS) == 0.48


def test_the_longest_way_between_key_pictures_counts() -> None:
    cadence = Cadence()
    assert (cadence.rate(MS), cadence.key_interval(MS)) == (None, None)
    for stamp in range(0, 20_000, 40):
        cadence.add(Picture(pts=stamp, key=stamp in (0, 2000, 7000, 9000)), timescale=MS)
        if stamp == 1000:
            assert cadence.key_interval(MS) is None
        if stamp == 10_000:
            assert cadence.key_interval(MS) == 5
    assert cadence.key_interval(MS) == pytest.approx(10.96)


def test_what_comes_before_the_first_key_picture_is_dropped_and_of_a_stream_without_any_nothing_is_known() -> None:
    cadence = Cadence()
    cadence.settle(Grid(rate=Fraction(25), zero=0, timescale=MS))
    for stamp in range(0, 400, 40):
        cadence.add(Picture(pts=stamp, key=False), timescale=MS)
    assert (cadence.frames, cadence.is_placed) == (10, False)
    assert cadence.rate(MS) == 25
    for stamp in range(400, 2400, 40):
        cadence.add(Picture(pts=stamp, key=stamp == 400), timescale=MS)
    cadence.close()
    assert (cadence.is_placed, cadence.frames, cadence.dropped, cadence.filled) == (True, 60, 10, 0)


def test_what_comes_between_two_encoders_is_dropped_and_what_nobody_sent_is_no_hole() -> None:
    cadence = Cadence()
    for group in range(4):
        if group == 2:  # the encoder died in the middle of a group, whose key picture was the last that it was given
            cadence.add(Picture(pts=2000, key=True), timescale=MS)
            cadence.begin_again()
            assert not cadence.is_placed
        for stamp in range(group * 1000, group * 1000 + 1000, 40):
            if (group, stamp) != (2, 2000):
                cadence.add(Picture(pts=stamp, key=stamp % 1000 == 0), timescale=MS)
        if group in (0, 3):
            cadence.settle(Grid(rate=Fraction(25), zero=group * 1000 - 500, timescale=MS))
    cadence.close()
    # What waited for its place (all since the key picture, and it) and what came before the next one.
    assert (cadence.frames, cadence.dropped, cadence.filled, cadence.is_placed) == (100, 25, 0, True)
