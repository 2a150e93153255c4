"""The tasks on a real clip with real ffmpeg; bucket, cache and queue in memory."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections import Counter
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import anyio
import psutil
import pytest

from infra.memory import MemoryCache, MemoryEngine, MemoryStore
from infra.memory.jobs import MemoryWorker
from infra.ports import Attempt, Level, RetryLater, Task
from manifests import layout
from manifests.layout import AssetId, RenditionId
from transcoder import signals
from transcoder.demand import Demand
from transcoder.describe import multivariant
from transcoder.encoder_settings import EncoderSettings
from transcoder.facts import find_plan, read_failure, read_plan, read_ready
from transcoder.parts import TranscoderParts
from transcoder.progress import ProgressBoard
from transcoder.publish import key_of
from transcoder.remaining import expected, present
from transcoder.settings import TranscoderSettings
from transcoder.sources.pieces import Piece, SourceBytes, write_source
from transcoder.sources.source import Sources
from transcoder.tasks import dead, handlers
from transcoder.windows import finish_task, index_task, window_task, windows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from transcoder.plan import Plan

    Eventually = Callable[..., Awaitable[None]]

ASSET = AssetId("clip")
SECONDS = 34


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, ffmpeg: str) -> Path:
    """34 s at 25 frames/s, 480x270 (two rungs), with a tone: nine segments, in five windows and two of sound."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    subprocess.run(
        [
            ffmpeg, "-hide_banner", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=size=480x270:rate=25",
            "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", str(SECONDS),
            "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p", "-c:a", "aac", path,
        ],
        check=True,
    )  # fmt: skip
    return path


class House:
    """A worker's parts in memory, and what was said while it worked."""

    def __init__(self, folder: Path, *, reserve_bytes: int = 0) -> None:
        self.store, self.cache, self.jobs = MemoryStore(), MemoryCache(), MemoryEngine()
        self.parts = TranscoderParts(
            settings=TranscoderSettings(),
            encoder=EncoderSettings(preset="superfast", threads=1),
            store=self.store,
            cache=self.cache,
            jobs=self.jobs,
            sources=Sources(folder, store=self.store, cache=self.cache, max_bytes=1 << 30, reserve_bytes=reserve_bytes),
            board=ProgressBoard(store=self.store, cache=self.cache),
        )
        self.heard: list[signals.Signal] = []

    async def upload(self, body: bytes) -> None:
        piece = Piece(key=layout.source_piece(ASSET, 1), start=0, size=len(body))
        await self.store.put(piece.key, body, content_type="video/mp4")
        await write_source(self.store, ASSET, 1, SourceBytes(pieces=(piece,), length=len(body), whole=True))

    async def handle(self, task: Task) -> None:
        """One run of a task, as the engine would do it."""
        await handlers(self.parts)[task.kind](Attempt(task=task, number=1, last=False))

    async def plan(self) -> Plan:
        return await read_plan(self.store, ASSET, 1)

    async def ready(self) -> bool:
        return await read_ready(self.store, ASSET, 1) is not None

    async def failed(self) -> bool:
        return await read_failure(self.store, ASSET, 1) is not None

    async def idle(self) -> bool:
        return not await self.jobs.pending(ASSET)

    def heard_of(self, what: str) -> list[tuple[RenditionId | None, int | None]]:
        return [(signal.rendition, signal.number) for signal in self.heard if signal.what == what]

    @asynccontextmanager
    async def working(self, *, bulk_slots: int = 2, max_tries: int = 2) -> AsyncIterator[None]:
        worker = MemoryWorker(
            self.jobs,
            handlers=handlers(self.parts),
            on_dead=partial(dead, self.parts),
            bulk_slots=bulk_slots,
            max_tries=max_tries,
        )
        async with self.cache.subscribe(signals.asset_channel(ASSET)) as messages:
            listening = asyncio.create_task(self._listen(messages))
            working = asyncio.create_task(worker.run())
            yield
            working.cancel()
            listening.cancel()
            await asyncio.wait({working, listening})

    async def _listen(self, messages: AsyncIterator[tuple[str, bytes]]) -> None:
        async for _, message in messages:
            self.heard.append(signals.load(message))


@pytest.fixture
async def house(tmp_path: Path, clip: Path) -> House:
    house = House(tmp_path / "sources")
    await house.upload(clip.read_bytes())
    return house


def encoders() -> list[psutil.Process]:
    return [child for child in psutil.Process().children(recursive=True) if "ffmpeg" in child.name()]


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


async def test_who_comes_second_comes_again(house: House) -> None:
    await house.handle(index_task(ASSET, 1))
    task = window_task(ASSET, 1, windows(await house.plan())[0], Level.BULK)
    async with house.cache.lease(f"channel:lease:{task.name}", ttl=timedelta(seconds=10)):
        with pytest.raises(RetryLater):
            await house.handle(task)
    assert [stat async for stat in house.store.list(layout.media_prefix(ASSET))] == []


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


async def test_the_work_ends_with_its_lease(house: House, eventually: Eventually) -> None:
    await house.handle(index_task(ASSET, 1))
    task = window_task(ASSET, 1, windows(await house.plan())[-1], Level.BULK)
    run = asyncio.create_task(house.handle(task))
    await eventually(lambda: bool(encoders()))
    house.cache.forget()
    with pytest.raises(RetryLater):
        await run
    assert encoders() == []


async def test_a_hundred_viewers_wait_for_one_encode(house: House, eventually: Eventually) -> None:
    await house.handle(index_task(ASSET, 1))
    plan = await house.plan()
    assert plan.video is not None
    assert len(plan.video.rungs) > 1
    rung = plan.video.rungs[-1].id
    wanted = 6
    window = next(w for w in windows(plan) if w.track == "video" and w.first <= wanted < w.first + w.count)
    assert window.first < wanted, "somewhere in a window"
    await house.jobs.cancel(ASSET)
    async with house.working():
        async with anyio.create_task_group() as viewers:
            for _ in range(100):
                viewers.start_soon(Demand(cache=house.cache, jobs=house.jobs).want, plan, rung, wanted)
        await eventually(lambda: bool(house.heard_of("window")), timeout=60)
    made = house.heard_of("segment")
    numbers = range(window.first, window.first + window.count)
    assert Counter(made) == Counter((each.id, number) for each in plan.video.rungs for number in (None, *numbers))
    assert next(name for name in made if name[1] is not None) == (rung, wanted), "what is waited for comes first"
    for name in made:
        assert await house.store.head(key_of(ASSET, *name)) is not None


async def test_the_first_segment_comes_first_in_the_variant_that_players_begin_with(
    house: House, eventually: Eventually
) -> None:
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
