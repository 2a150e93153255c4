from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from transcoder.stills.model import Sprite, Storyboard, dump, load
from transcoder.stills.model import Stills as Fact
from transcoder.stills.storyboard import columns, every_gop, sheets, small_rung, tile_size, webvtt

if TYPE_CHECKING:
    from transcoder.plan import Plan, VideoPlan


@pytest.fixture
def video(plan: Plan) -> VideoPlan:
    assert plan.video is not None
    return plan.video


@pytest.mark.parametrize(
    ("size", "tile"),
    [((1920, 1080), (240, 136)), ((1080, 1920), (136, 240)), ((400, 400), (240, 240)), ((16, 4000), (2, 240))],
)
def test_tiles_have_the_picture_s_shape(video: VideoPlan, size: tuple[int, int], tile: tuple[int, int]) -> None:
    assert tile_size(replace(video, width=size[0], height=size[1])) == tile


def test_tiles_come_from_the_smallest_rung_that_has_the_pixels(video: VideoPlan) -> None:
    small, large = replace(video.rungs[0], width=160, height=90), replace(video.rungs[0], width=640, height=360)
    video = replace(video, width=640, height=360)
    assert small_rung(replace(video, rungs=(small, large))) == large
    assert small_rung(replace(video, rungs=(small,))) == small


@pytest.mark.parametrize(
    ("seconds", "tiles", "shown"), [(3, 2, 1), (280, 140, 2), (600, 150, 4), (7200, 900, 8), (86_400, 982, 88)]
)
def test_a_long_title_has_fewer_tiles_a_minute(video: VideoPlan, seconds: int, tiles: int, shown: int) -> None:
    video = replace(video, rate=Fraction(25), frames=25 * seconds, gop=50, segment=100)
    cut = list(sheets(video))
    each = 2 if every_gop(video) else 1
    assert sum(min(each, -(-len(video.frames_of(number)) // 50)) for sheet in cut for number in sheet) == tiles
    assert all(len(sheet) * each <= 100 for sheet in cut)
    numbers = [number for sheet in cut for number in sheet]
    assert numbers == list(range(0, video.segments, max(1, shown // 4)))


def test_few_tiles_are_no_wide_sheet(video: VideoPlan) -> None:
    video = replace(video, gop=50, segment=100)
    assert [columns(replace(video, frames=frames)) for frames in (1, 100, 175, 5000)] == [1, 2, 4, 10]


def test_cues_name_the_tiles_and_leave_no_gap(video: VideoPlan) -> None:
    video = replace(video, rate=Fraction(30000, 1001), frames=250)
    board = Storyboard(
        width=240, height=136, columns=2,
        sprites=(Sprite(name="storyboard-0.jpg", frames=(0, 60, 120)), Sprite(name="storyboard-1.jpg", frames=(180,))),
    )  # fmt: skip
    assert webvtt(video, board, folder="stills-1/") == (
        "WEBVTT\n\n"
        "00:00:00.000 --> 00:00:02.002\nstills-1/storyboard-0.jpg#xywh=0,0,240,136\n\n"
        "00:00:02.002 --> 00:00:04.004\nstills-1/storyboard-0.jpg#xywh=240,0,240,136\n\n"
        "00:00:04.004 --> 00:00:06.006\nstills-1/storyboard-0.jpg#xywh=0,136,240,136\n\n"
        "00:00:06.006 --> 00:00:08.341\nstills-1/storyboard-1.jpg#xywh=0,0,240,136\n"
    )
    assert load(dump(fact := Fact(storyboard=board, candidates=(), width=2, height=2))) == fact


def test_times_of_a_long_title_have_hours(video: VideoPlan) -> None:
    video = replace(video, rate=Fraction(25), frames=25 * 7200)
    board = Storyboard(width=240, height=136, columns=10, sprites=(Sprite(name="s.jpg", frames=(0, 25 * 3725 + 7)),))
    assert re.search(r"^01:02:05\.280 --> 02:00:00\.000$", webvtt(video, board), re.MULTILINE)
