"""A title's own ladder, chosen while it is encoded: with real ffmpeg, Redis and VMAF."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from infra.ports import Level
from manifests import layout
from tests.transcoder.house import ASSET, House, make_clip
from transcoder.facts import find_fixed_plan, find_ladder, read_failure, read_ready
from transcoder.per_title import sampling
from transcoder.publish import key_of
from transcoder.remaining import expected, present
from transcoder.windows import analyse_task, index_task, run_task, window_task, windows

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from infra.redis_cache import RedisCache

    Eventually = Callable[..., Awaitable[None]]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, ffmpeg: str) -> Path:
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", ffmpeg)


@pytest.fixture
async def house(tmp_path: Path, clip: Path, cache: RedisCache, monkeypatch: pytest.MonkeyPatch) -> House:
    # A clip this short and small could not afford it.
    monkeypatch.setattr(sampling, "SHARE", Fraction(2))
    house = House(tmp_path / "sources", cache=cache)
    await house.upload(clip.read_bytes())
    return house


async def test_the_ladder_changes_while_the_title_is_encoded_and_played(house: House, eventually: Eventually) -> None:
    await house.handle(index_task(ASSET, 1))
    fixed = await house.plan()
    assert fixed.video is not None
    await house.handle(window_task(ASSET, 1, windows(fixed)[0], Level.INDEX))
    assert f"{ASSET}/1/analyse" in await house.jobs.pending(ASSET)
    await house.handle(analyse_task(ASSET, 1))

    ladder, now = await find_ladder(house.store, ASSET, 1), await house.plan()
    assert ladder is not None
    assert now.video is not None
    assert ladder.rungs
    assert len(ladder.curves) == len(fixed.video.rungs)
    dropped = {rung.id for rung in fixed.video.rungs} - {rung.id for rung in now.video.rungs}
    assert dropped == {each.rendition for each in ladder.dropped}
    assert dropped, "a picture of bars needs one rung"
    assert await find_fixed_plan(house.store, ASSET, 1) == fixed

    # Somebody plays the rung that was dropped: he gets on.
    rendition = next(iter(dropped))
    await house.handle(run_task(ASSET, 1, rendition, 5, Level.JUST_IN_TIME))
    assert await house.store.head(key_of(ASSET, rendition, 5)) is not None

    async with house.working():
        await eventually(house.ready, timeout=60)
        await eventually(house.idle, timeout=60)
    assert set(await present(house.store, now)) == expected(now)
    ready = await read_ready(house.store, ASSET, 1)
    assert ready is not None
    assert ready.objects == len(expected(now))
    listed = [stat.key async for stat in house.store.list(layout.media_prefix(ASSET))]
    media = {key for key in listed if not key.endswith((".m3u8", ".mpd"))}
    stills = {key for key in media if key.startswith(layout.still(ASSET, 1, ""))}
    assert stills, "it has a storyboard"
    assert media - stills == {key_of(ASSET, *name) for name in expected(now)}, "nothing is left of what was dropped"


async def test_it_is_chosen_once(house: House) -> None:
    await house.handle(index_task(ASSET, 1))
    await house.handle(analyse_task(ASSET, 1))
    first = await house.store.head(layout.ladder(ASSET, 1))
    await house.handle(analyse_task(ASSET, 1))
    assert await house.store.head(layout.ladder(ASSET, 1)) == first


async def test_a_title_that_cannot_be_analysed_fails_for_no_reason_of_this(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.handle(index_task(ASSET, 1))
    fixed = await house.plan()
    monkeypatch.setenv("CHANNEL_FFMPEG", "/bin/false")
    await house.handle(analyse_task(ASSET, 1))
    ladder = await find_ladder(house.store, ASSET, 1)
    assert ladder is not None
    assert ladder.rungs == ()
    assert "false ended with 1" in ladder.note
    assert await house.plan() == fixed
    assert await read_failure(house.store, ASSET, 1) is None


async def test_a_title_that_is_too_short_is_not_analysed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "SHARE", Fraction(8, 100))
    await house.handle(index_task(ASSET, 1))
    assert f"{ASSET}/1/analyse" not in await house.jobs.pending(ASSET)
