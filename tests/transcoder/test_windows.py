from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from infra.ports import Level
from manifests.layout import AssetId, RenditionId
from transcoder.passes import costs
from transcoder.plan import Parent
from transcoder.profile import Codec
from transcoder.windows import (
    Window,
    assigned,
    finish_task,
    grow_task,
    index_task,
    opening,
    run_task,
    track_of,
    window_from,
    window_of,
    window_task,
    windows,
)

if TYPE_CHECKING:
    from transcoder.plan import Plan

ASSET = AssetId("asset")
V720, V540 = RenditionId("v720-1"), RenditionId("v540-1")


@pytest.mark.parametrize(
    ("window", "name"),
    [
        (Window(track="video", first=12, count=6), "video/12-6"),
        (Window(track="video", first=12, count=1, rungs=(V720,)), "video/12-1/v720-1"),
        (Window(track="video", first=12, count=1, rungs=(V720, V540)), "video/12-1/v720-1+v540-1"),
        (Window(track="a1-1", first=0, count=75), "a1-1/0-75"),
    ],
)
def test_a_name_says_what_is_made(window: Window, name: str) -> None:
    assert window.name == name
    assert window_from(name) == window
    task = window_task(ASSET, 1, window, Level.BULK, tenant="anna")
    assert (task.name, task.group, task.tenant) == (f"asset/1/{name}", "asset", "anna")
    assert window_of(task.arguments) == window


def test_the_windows_among_an_assets_tasks() -> None:
    window = Window(track="video", first=12, count=6)
    tasks = (
        index_task(ASSET, 1), grow_task(ASSET, 1), run_task(ASSET, 1, V720, 4, Level.FIRST), finish_task(ASSET, 1),
        window_task(ASSET, 1, window, Level.BULK),
    )  # fmt: skip
    names = [task.name for task in tasks]
    assert assigned(names, version=1) == (window,)
    assert assigned(names, version=2) == ()
    for name in ("", "index", "video", "video/", "video/1", "run/v720-1/4"):
        assert window_from(name) is None


def test_what_an_asset_needs_to_play_and_to_be_done_waits_for_no_window_of_another() -> None:
    assert index_task(ASSET, 1).level == finish_task(ASSET, 1).level == Level.INDEX


def test_an_assets_first_windows_are_short(plan: Plan) -> None:
    assert [window.name for window in opening(plan)] == [
        "video/0-1", "a1-1/0-4", "video/1-1", "video/2-2", "video/4-4", "a1-1/4-16",
    ]  # fmt: skip


def test_what_was_live_is_taken_over_in_long_windows(live: Plan) -> None:
    assert [window.name for window in opening(live)] == ["video/0-20", "a1-1/0-20"]
    of_a_clip = replace(live, parent=Parent(asset=ASSET, version=1, begin=Fraction(3)))
    assert opening(of_a_clip)[0].name == "video/0-1", "somebody waits for it"


def test_a_viewer_of_a_new_asset_waits_for_no_other_codec(plan: Plan) -> None:
    assert plan.video is not None
    other = replace(plan.video.rungs[0], id=RenditionId("v180-av1-1"), codec=Codec.AV1)
    more = replace(plan, video=replace(plan.video, rungs=(*plan.video.rungs, other)))
    assert opening(more) == opening(plan)
    assert {window.track for window in windows(more)} == {"video", "av1", "a1-1"}
    assert track_of(more, other.id) == "av1"
    assert track_of(more, plan.video.rungs[0].id) == "video"
    assert track_of(more, plan.audio[0].id) == "a1-1"
    prices = costs(more, "av1").encode
    assert set(prices) == {other.id}
    assert prices[other.id] > costs(more, "video").encode[plan.video.rungs[0].id]


def test_the_whole_plan_in_windows(plan: Plan) -> None:
    for track in ("video", "a1-1"):
        numbers = [number for window in windows(plan) if window.track == track for number in window.numbers]
        assert numbers == list(range(20))
