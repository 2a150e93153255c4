from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from transcoder import profile
from transcoder.profile import DEFAULT, LADDER, row


def test_profiles_survive_the_bucket() -> None:
    assert profile.load(profile.dump(DEFAULT)) == DEFAULT


def test_the_default_ladder_is_apples_table() -> None:
    assert [(step.width, step.height) for step in LADDER] == [
        (416, 234), (640, 360), (768, 432), (960, 540), (1280, 720), (1920, 1080),
    ]  # fmt: skip
    assert {step.peak for step in LADDER} == {Fraction(3, 2)}


@pytest.mark.parametrize(("gop", "length"), [(1, 2), (2, 2), (3, 3), (4, 4)])
def test_what_is_played_early_has_short_segments_of_whole_gops(gop: int, length: int) -> None:
    assert replace(DEFAULT, gop=gop, segment=2 * gop).early().segment == length


def test_a_step_of_two_lines_more_stays_even() -> None:
    assert [row(height, 100, 23).width % 2 for height in range(200, 400, 2)] == [0] * 100
