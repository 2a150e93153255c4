"""Runs and windows beside each other, over a real Valkey: nobody makes what another makes."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio
import pytest

from infra.ports import Level, RetryLater
from manifests.layout import RenditionId
from tests.transcoder.house import ASSET, House, make_clip
from tests.transcoder.processes import descendants, encoders, stands_still
from transcoder.demand import Demand
from transcoder.errors import ChildFailed
from transcoder.ffmpeg import spawn
from transcoder.processor import Processor
from transcoder.publish import key_of
from transcoder.remaining import made_by
from transcoder.sandbox import Limits
from transcoder.schedule.claims import claimed
from transcoder.window_work import start_of
from transcoder.windows import VIDEO, Window, index_task, opening, run_task, window_task

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from infra.redis_cache import RedisCache

    Eventually = Callable[..., Awaitable[None]]

LARGE, SMALL = RenditionId("v270-1"), RenditionId("v234-1")
WINDOW = Window(track="video", first=4, count=3)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, ffmpeg: str) -> Path:
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", ffmpeg)


@pytest.fixture
async def house(tmp_path: Path, clip: Path, cache: RedisCache) -> House:
    """An asset with a plan and nothing else."""
    house = House(tmp_path / "sources", cache=cache)
    await house.upload(clip.read_bytes())
    await house.handle(index_task(ASSET, 1))
    await house.jobs.cancel(ASSET)
    return house


def starts(house: House) -> list[tuple[str, int]]:
    return [(str(rendition), number) for rendition, number in house.heard_of("segment") if number is not None]


async def test_a_hundred_viewers_cause_one_run_from_exactly_there(house: House, eventually: Eventually) -> None:
    plan = await house.plan()
    async with house.working():
        async with anyio.create_task_group() as viewers:
            for _ in range(100):
                viewers.start_soon(Demand(cache=house.cache, jobs=house.jobs).want, plan, LARGE, 6)
        await eventually(lambda: bool(house.heard_of("window")), timeout=60)
    assert starts(house) == [(LARGE, 6), (LARGE, 7), (LARGE, 8)]


async def test_who_plays_on_waits_for_the_first_segment_only(
    tmp_path: Path, cache: RedisCache, ffmpeg: str, eventually: Eventually
) -> None:
    house = House(tmp_path / "sources", cache=cache)
    await house.upload(make_clip(tmp_path / "clip.mp4", ffmpeg, seconds=60).read_bytes())
    await house.handle(index_task(ASSET, 1))
    await house.jobs.cancel(ASSET)
    plan = await house.plan()
    await house.parts.board.recount(plan)
    demand = Demand(cache=house.cache, jobs=house.jobs)
    first, last = (
        max(window.numbers.stop for window in opening(plan) if window.track == VIDEO),
        plan.renditions()[LARGE] - 1,
    )
    async with house.working():
        await demand.want(plan, LARGE, first)
        for number in range(first, last + 1):
            # While he plays one, the next one is made: nobody has to ask for it as missing.
            await eventually(lambda number=number: (LARGE, number) in starts(house), timeout=60)
            await demand.keep_ahead(plan, LARGE, number)
        await eventually(house.idle, timeout=60)
    # Each once: the run that follows may begin before the one before it ends.
    assert sorted(starts(house)) == [(LARGE, number) for number in range(first, last + 1)]


async def test_a_run_ends_where_it_meets_what_exists(house: House) -> None:
    async with house.listening():
        await house.store.put(key_of(ASSET, LARGE, 7), b"of another", content_type="video/iso.segment")
        await house.handle(run_task(ASSET, 1, LARGE, 5, Level.JUST_IN_TIME))
        await house.handle(run_task(ASSET, 1, LARGE, 7, Level.JUST_IN_TIME))
    assert starts(house) == [(LARGE, 5), (LARGE, 6)]


async def test_a_run_gives_way_to_somebody_who_waits(house: House) -> None:
    async with house.listening():
        await house.jobs.enqueue(run_task(ASSET, 1, SMALL, 0, Level.JUST_IN_TIME))
        await house.handle(run_task(ASSET, 1, LARGE, 5, Level.JUST_IN_TIME))
    assert starts(house) == [(LARGE, 5)]


async def test_a_run_that_stands_still_gives_its_slot_to_somebody_who_waits(
    house: House, tmp_path: Path, eventually: Eventually
) -> None:
    settings = replace(house.parts.settings, ahead=100)
    # An encoder that is slow enough not to be through before it is stopped.
    encoder = replace(house.parts.encoder, preset="veryslow")
    processor = Processor(cores=2, still_s=600)
    house.parts = replace(house.parts, settings=settings, encoder=encoder, processor=processor)
    async with house.listening():
        with suppress(ChildFailed):
            async with spawn(["sleep", "600"], limits=Limits(), cwd=tmp_path) as other:
                processor.urgent(other)
                running = asyncio.create_task(house.handle(run_task(ASSET, 1, LARGE, 1, Level.JUST_IN_TIME)))
                await eventually(lambda: starts(house)[:1] == [(LARGE, 1)])
                await eventually(lambda: bool(descendants(stands_still)))
                await house.jobs.enqueue(run_task(ASSET, 1, SMALL, 0, Level.JUST_IN_TIME))
                await asyncio.wait_for(running, 60)
                other.kill()
    assert (LARGE, 8) not in starts(house)
    async with claimed(house.cache, ASSET, 1, {(LARGE, 8)}) as claim:
        assert claim.mine, "it has given back what it did not make"


async def test_what_is_made_ahead_of_a_viewer_is_hurried_when_he_has_come_to_wait(
    house: House, tmp_path: Path, eventually: Eventually
) -> None:
    house.parts = replace(house.parts, processor=(processor := Processor(cores=2, still_s=600)))
    ahead = run_task(ASSET, 1, LARGE, 5, Level.FIRST)
    async with house.listening():
        with suppress(ChildFailed):
            async with spawn(["sleep", "600"], limits=Limits(), cwd=tmp_path) as other:
                processor.urgent(other)
                running = asyncio.create_task(house.handle(ahead))
                await eventually(lambda: bool(descendants(stands_still)))
                assert not starts(house)
                await house.handle(run_task(ASSET, 1, LARGE, 5, Level.JUST_IN_TIME))
                await eventually(lambda: starts(house)[:1] == [(LARGE, 5)])
                processor.done(other)
                other.kill()
        await running
    assert starts(house) == [(LARGE, 5), (LARGE, 6), (LARGE, 7)]


async def test_a_window_leaves_out_what_a_run_makes(house: House) -> None:
    async with house.listening():
        await house.store.put(key_of(ASSET, LARGE, 4), b"of a run", content_type="video/iso.segment")
        async with claimed(house.cache, ASSET, 1, {(LARGE, 5)}):
            with pytest.raises(RetryLater):
                await house.handle(window_task(ASSET, 1, WINDOW, Level.BULK))
        assert sorted(starts(house)) == [(SMALL, 4), (SMALL, 5), (SMALL, 6), (LARGE, 6)]
        # He never made it.
        await house.handle(window_task(ASSET, 1, WINDOW, Level.BULK))
    assert sorted(starts(house)) == sorted([(SMALL, 4), (SMALL, 5), (SMALL, 6), (LARGE, 5), (LARGE, 6)])


async def test_a_window_encodes_nothing_of_a_rendition_that_a_run_makes(house: House) -> None:
    async with house.listening(), claimed(house.cache, ASSET, 1, {(LARGE, number) for number in WINDOW.numbers}):
        with pytest.raises(RetryLater):
            await house.handle(window_task(ASSET, 1, WINDOW, Level.BULK))
    assert sorted({rendition for rendition, _ in house.heard_of("segment")}) == [SMALL]


async def test_a_run_takes_over_from_a_window_that_is_far_from_it(house: House, eventually: Eventually) -> None:
    window = Window(track="video", first=1, count=8)
    async with house.listening():
        running = asyncio.create_task(house.handle(window_task(ASSET, 1, window, Level.BULK)))
        await eventually(lambda: bool(encoders()))
        await house.handle(run_task(ASSET, 1, LARGE, 6, Level.JUST_IN_TIME))
        assert (LARGE, 6) in starts(house)
        await asyncio.wait({running})
        if isinstance(running.exception(), RetryLater):
            await house.handle(window_task(ASSET, 1, window, Level.BULK))
        else:
            running.result()
    # A worker that is too busy to hear of it in time makes one of them again; the bucket keeps the first.
    assert set(starts(house)) == {(str(rung), number) for rung in (LARGE, SMALL) for number in window.numbers}
    plan = await house.plan()
    for name in made_by(plan, window):
        assert await house.store.head(key_of(ASSET, *name)) is not None


async def test_sound_begins_where_it_is_wanted(house: House) -> None:
    plan = await house.plan()
    (track,) = plan.audio
    async with house.listening():
        await house.handle(run_task(ASSET, 1, track.id, 3, Level.JUST_IN_TIME))
    assert starts(house) == [(track.id, number) for number in range(3, min(6, track.segments))]


async def test_the_rest_of_the_first_segment_gives_way_to_who_makes_its_start(
    house: House, tmp_path: Path, eventually: Eventually
) -> None:
    """A viewer was faster than the window: what he waits for is made by a run of its own."""
    house.parts = replace(house.parts, processor=(processor := Processor(cores=2, still_s=600)))
    first = opening(await house.plan())[0]
    start = start_of(await house.plan(), first)
    assert start is not None
    async with house.listening(), claimed(house.cache, ASSET, 1, {(start, 0)}):
        with suppress(ChildFailed):
            async with spawn(["sleep", "600"], limits=Limits(), cwd=tmp_path) as other:
                processor.urgent(other)
                making = asyncio.create_task(house.handle(window_task(ASSET, 1, first, Level.INDEX)))
                await eventually(lambda: bool(descendants(stands_still)))
                assert not starts(house)
                processor.done(other)
                other.kill()
        with pytest.raises(RetryLater):
            await making
    assert starts(house) == [(SMALL if start == LARGE else LARGE, 0)]
