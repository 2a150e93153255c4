"""The tasks on a real clip with real ffmpeg; bucket, cache and queue in memory."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio
import psutil
import pytest

from infra.ports import Level, RetryLater
from manifests import layout
from tests.transcoder.house import ASSET, SECONDS, House, make_clip
from tests.transcoder.processes import descendants, encoders, stands_still
from transcoder.demand import Demand
from transcoder.describe import multivariant
from transcoder.errors import ChildFailed
from transcoder.facts import find_plan, read_failure
from transcoder.ffmpeg import spawn
from transcoder.processor import Processor
from transcoder.remaining import expected, opening_tasks, present
from transcoder.sandbox import Limits
from transcoder.windows import captions_task, finish_task, index_task, loudness_task, window_task, windows

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    Eventually = Callable[..., Awaitable[None]]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, ffmpeg: str) -> Path:
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", ffmpeg)


@pytest.fixture
async def house(tmp_path: Path, clip: Path) -> House:
    house = House(tmp_path / "sources")
    await house.upload(clip.read_bytes())
    return house


async def test_from_a_source_to_an_asset_that_plays_alone(
    house: House, eventually: Eventually, tmp_path: Path, ffmpeg: str
) -> None:
    async with house.working():
        await house.jobs.enqueue(index_task(ASSET, 1))
        await eventually(house.ready, timeout=60)
        await eventually(lambda: bool(house.heard_of("ready")))
    plan = await house.plan()
    assert set(await present(house.store, plan)) == expected(plan)
    assert next(signal.what for signal in house.heard if signal.what != "segment") == "plan"
    heard = Counter(house.heard_of("segment"))
    assert set(heard) == expected(plan)
    # Windows that are encoded side by side make the same init section, to the byte.
    assert all(count == 1 for (_, number), count in heard.items() if number is not None), "each segment was made once"
    assert await house.jobs.pending(ASSET) == frozenset()

    async for stat in house.store.list(layout.media_prefix(ASSET)):
        path = tmp_path / stat.key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(await house.store.read(stat.key))
    assert plan.video is not None
    playlist = tmp_path / layout.media_playlist(ASSET, plan.video.rungs[-1].id)
    counted = await anyio.run_process(
        [ffmpeg, "-v", "error", "-allowed_extensions", "ALL", "-i", str(playlist), "-f", "framecrc", "-"]
    )
    frames = [line for line in counted.stdout.splitlines() if not line.startswith(b"#")]
    assert len(frames) == SECONDS * 25
    assert counted.stderr == b""


async def test_a_window_skips_what_exists(house: House) -> None:
    await house.handle(index_task(ASSET, 1))
    plan = await house.plan()
    window = windows(plan)[0]
    (rung, *_) = plan.video.rungs if plan.video is not None else ()
    theirs = layout.segment(ASSET, rung.id, 0)
    await house.store.put(theirs, b"of another worker", content_type="video/iso.segment")
    task = window_task(ASSET, 1, window, Level.BULK)
    await house.handle(task)
    first = {stat.key: stat.etag async for stat in house.store.list(layout.media_prefix(ASSET))}
    assert await house.store.read(theirs) == b"of another worker"
    assert layout.init(ASSET, rung.id) in first
    await house.store.delete([layout.init(ASSET, rung.id)])
    await house.handle(task)
    assert {stat.key: stat.etag async for stat in house.store.list(layout.media_prefix(ASSET))} == first


async def test_a_lost_segment_of_a_ready_asset_is_made_again(house: House, eventually: Eventually) -> None:
    async with house.working():
        await house.jobs.enqueue(index_task(ASSET, 1))
        await eventually(house.ready, timeout=60)
        plan = await house.plan()
        assert plan.video is not None
        lost = layout.segment(ASSET, plan.video.rungs[0].id, 5)
        await house.store.delete([lost])
        await Demand(cache=house.cache, jobs=house.jobs).want(plan, plan.video.rungs[0].id, 5)

        async def back() -> bool:
            return await house.store.head(lost) is not None

        await eventually(back)
        await eventually(house.idle)


async def test_what_is_no_media_fails_with_a_reason(house: House, eventually: Eventually) -> None:
    await house.upload(b"Dear editor, here is the film.\n" * 100)
    async with house.working():
        await house.jobs.enqueue(index_task(ASSET, 1))
        await eventually(house.failed)
        await eventually(lambda: bool(house.heard_of("failure")))
    failure = await read_failure(house.store, ASSET, 1)
    assert failure is not None
    assert failure.code == "not_media"
    assert failure.message
    assert await find_plan(house.store, ASSET, 1) is None


async def test_an_encode_that_always_fails_ends_with_its_cause(
    house: House, eventually: Eventually, tmp_path: Path
) -> None:
    await house.handle(index_task(ASSET, 1))
    shutil.rmtree(tmp_path / "sources")
    await house.upload(b"\0" * 5000)  # the bytes are others than those of the plan: nothing can be decoded
    async with house.working(max_tries=2):
        await eventually(house.failed, timeout=60)
        await eventually(house.idle, timeout=60)
    failure = await read_failure(house.store, ASSET, 1)
    assert failure is not None
    assert failure.code == "encode_failed"
    assert "try 2" in failure.cause
    assert "ffmpeg" in failure.cause


async def test_nothing_is_done_for_a_source_that_is_gone(house: House) -> None:
    await house.handle(index_task(ASSET, 1))
    plan = await house.plan()
    await house.store.delete([layout.source(ASSET, 1), layout.source_piece(ASSET, 1)])
    await house.handle(window_task(ASSET, 1, windows(plan)[0], Level.BULK))
    await house.store.delete([layout.plan(ASSET, 1)])
    for task in (index_task(ASSET, 1), window_task(ASSET, 1, windows(plan)[0], Level.BULK), finish_task(ASSET, 1)):
        await house.handle(task)
    assert [stat.key async for stat in house.store.list("")] == []


async def test_a_full_disk_is_waited_for(tmp_path: Path, clip: Path) -> None:
    house = House(tmp_path / "sources", reserve_bytes=1 << 60)
    await house.upload(clip.read_bytes())
    with pytest.raises(RetryLater):
        await house.handle(index_task(ASSET, 1))
    assert not await house.failed()


async def test_a_cancelled_asset_leaves_no_process(house: House, eventually: Eventually) -> None:
    await house.handle(index_task(ASSET, 1))
    async with house.working():
        await eventually(lambda: bool(encoders()))
        await house.jobs.cancel(ASSET)
        await eventually(lambda: not encoders())
        assert await house.jobs.pending(ASSET) == frozenset()
    assert not await house.failed()
    assert not await house.ready()


async def test_others_stand_still_until_a_new_asset_has_its_first_segment(
    house: House, tmp_path: Path, eventually: Eventually
) -> None:
    house.parts = replace(house.parts, processor=(processor := Processor(cores=2, still_s=600)))
    await house.handle(index_task(ASSET, 1))
    plan = await house.plan()
    assert plan.video is not None
    rungs = {rung.id for rung in plan.video.rungs}
    opening = next(task for task in opening_tasks(plan, ()) if task.level is Level.INDEX)
    with suppress(ChildFailed):
        async with spawn(["sleep", "600"], limits=Limits(), cwd=tmp_path) as bulk, house.listening():
            processor.yielding(bulk)
            making = asyncio.create_task(house.handle(opening))
            await eventually(lambda: psutil.Process(bulk.pid).status() == psutil.STATUS_STOPPED)
            assert not house.heard_of("segment")
            await eventually(lambda: psutil.Process(bulk.pid).status() != psutil.STATUS_STOPPED)
            found = [name for name in await present(house.store, plan) if name[1] is not None]
            assert {number for rendition, number in found if rendition in rungs} == {0}
            await making
            bulk.kill()


async def test_the_first_segment_comes_first_in_the_variant_that_players_begin_with(
    house: House, eventually: Eventually
) -> None:
    house.parts = replace(house.parts, processor=Processor(cores=2, still_s=600))
    await house.handle(index_task(ASSET, 1))
    plan = await house.plan()
    first = multivariant(plan, None, uri_of=str).variants[0].uri
    async with house.working(bulk_slots=0):
        await eventually(lambda: len(house.heard_of("segment")) >= 2, timeout=60)
        await house.jobs.cancel(ASSET)
    (begun, _), (rendition, number) = house.heard_of("segment")[:2]
    assert begun == rendition
    assert number == 0
    assert rendition is not None
    assert layout.media_playlist(ASSET, rendition) == first


@pytest.mark.parametrize("kind", ["captions", "loudness"])
async def test_what_nobody_waits_for_stands_still_while_somebody_waits(
    house: House, eventually: Eventually, tmp_path: Path, kind: str
) -> None:
    processor = Processor(cores=2)
    house.parts = replace(house.parts, processor=processor)
    await house.handle(index_task(ASSET, 1))
    task = captions_task(ASSET, 1) if kind == "captions" else loudness_task(ASSET, 1)

    async with house.listening():
        with suppress(ChildFailed):
            async with spawn(["sleep", "60"], limits=Limits(), cwd=tmp_path) as wanted:
                processor.urgent(wanted)
                running = asyncio.create_task(house.handle(task))
                await eventually(lambda: bool(descendants(stands_still)))
                assert not house.heard_of(kind)
                processor.done(wanted)
                wanted.kill()
        await running
    assert house.heard_of(kind)
