from __future__ import annotations

from fractions import Fraction

import pytest

from transcoder.live.grid import AAC_FRAME, SAMPLE_RATE, Grid, grid_for


@pytest.mark.parametrize(
    ("rate", "long_parts", "pictures", "frames", "part_s", "segment_ms", "gop"),
    [
        (25, False, 8, 15, "0.32", 1920, 48),
        (50, False, 16, 15, "0.32", 1920, 96),
        (30, False, 16, 25, "8/15", 3200, 48),
        (60, False, 32, 25, "8/15", 3200, 96),
        (25, True, 16, 30, "0.64", 1920, 48),
        (30, True, 32, 50, "16/15", 3200, 32),
    ],
)
def test_a_part_ends_with_a_picture_and_an_aac_frame(
    rate: int, long_parts: bool, pictures: int, frames: int, part_s: str, segment_ms: int, gop: int
) -> None:
    grid = grid_for(Fraction(rate), long_parts=long_parts)
    assert (grid.rate, grid.part, grid.audio_part) == (rate, pictures, frames)
    assert grid.part_s == Fraction(part_s) == Fraction(frames * AAC_FRAME, SAMPLE_RATE)
    assert grid.segment_ms == segment_ms
    assert grid.gop == gop
    assert Fraction(gop, rate) <= 2


@pytest.mark.parametrize(
    ("rate", "taken"),
    [("24000/1001", 25), ("24", 25), ("30000/1001", 30), ("60000/1001", 60), ("48", 50), ("120", 60), ("10", 25)],
)
def test_other_rates_get_the_nearest(rate: str, taken: int) -> None:
    assert grid_for(Fraction(rate)).rate == taken


@pytest.mark.parametrize("rate", [25, 30, 50, 60])
@pytest.mark.parametrize("long_parts", [False, True])
def test_all_tracks_have_the_same_segments(rate: int, long_parts: bool) -> None:
    grid = grid_for(Fraction(rate), long_parts=long_parts)
    for track in (grid.video(), grid.video(2), grid.audio()):
        assert Fraction(track.part, track.timescale) == grid.part_s
        assert Fraction(track.segment, track.timescale) == grid.segment_s
        assert track.part % track.sample == 0
        # A segment's beginning is the same moment in every track, to the millisecond.
        number = grid.segment_at(1_795_336_283_570)
        assert track.ms(number * track.segment) == number * grid.segment_ms
        assert track.ticks(number * grid.segment_ms) == number * track.segment


def test_what_does_not_fit_is_no_grid() -> None:
    with pytest.raises(ValueError, match="an AAC frame"):
        Grid(rate=25, part=8, audio_part=16, parts=6, parts_of_gop=6)
    with pytest.raises(ValueError, match="whole groups"):
        Grid(rate=25, part=8, audio_part=15, parts=6, parts_of_gop=4)
