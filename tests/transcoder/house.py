"""A worker's parts for the tests of its tasks, and a clip to work on."""

from __future__ import annotations

import asyncio
import subprocess
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from infra.memory import MemoryCache, MemoryEngine, MemoryStore
from infra.memory.jobs import MemoryWorker
from infra.ports import Attempt
from manifests import layout
from manifests.layout import AssetId
from transcoder import signals
from transcoder.describe import key_count
from transcoder.encoder_settings import EncoderSettings
from transcoder.encryption.key_store import KeyStore
from transcoder.facts import read_failure, read_plan, read_ready
from transcoder.parts import TranscoderParts
from transcoder.processor import Processor
from transcoder.progress import ProgressBoard
from transcoder.settings import TranscoderSettings
from transcoder.sources.pieces import Piece, SourceBytes, write_source
from transcoder.sources.source import Sources
from transcoder.tasks import dead, handlers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from infra.ports import Cache, ObjectStore, Task
    from manifests.layout import RenditionId
    from transcoder.plan import Plan

ASSET = AssetId("clip")
SECONDS = 34


def make_clip(path: Path, ffmpeg: str, *, seconds: int = SECONDS) -> Path:
    """34 s at 25 frames/s, 480x270 (two rungs), with a tone: nine segments, in five windows and two of sound."""
    subprocess.run(
        [
            ffmpeg, "-hide_banner", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=size=480x270:rate=25",
            "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", str(seconds),
            "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p", "-c:a", "aac", path,
        ],
        check=True,
    )  # fmt: skip
    return path


async def copy_media(store: ObjectStore, plan: Plan, folder: Path) -> None:
    """The public part of the bucket as files, with the content keys where playlists say that they are."""
    async for stat in store.list(layout.media_prefix(plan.asset)):
        path = folder / stat.key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(await store.read(stat.key))
    if (keys := await KeyStore(store).of(plan)) is None:
        return
    beside = folder / layout.media_prefix(plan.asset) / "keys"
    beside.mkdir()
    for key in map(keys.key, range(key_count(plan))):
        (beside / key.id.hex()).write_bytes(key.key)


class House:
    """A worker's parts, and what was said while it worked. The bucket and the queue are in memory."""

    def __init__(self, folder: Path, *, cache: Cache | None = None, reserve_bytes: int = 0) -> None:
        """`cache`: Redis, where it matters; one in memory runs no scripts."""
        self.memory = MemoryCache()
        self.store, self.cache, self.jobs = MemoryStore(), cache or self.memory, MemoryEngine()
        self.parts = TranscoderParts(
            settings=TranscoderSettings(bulk_nice=0),
            encoder=EncoderSettings(preset="superfast", threads=1),
            store=self.store,
            cache=self.cache,
            jobs=self.jobs,
            sources=Sources(folder, store=self.store, cache=self.cache, max_bytes=1 << 30, reserve_bytes=reserve_bytes),
            board=ProgressBoard(store=self.store, cache=self.cache),
            processor=Processor(cores=2),
            keys=KeyStore(self.store),
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
        async with self.listening():
            working = asyncio.create_task(worker.run())
            yield
            working.cancel()
            await asyncio.wait({working})

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """What is said meanwhile is in `heard`."""
        async with self.cache.subscribe(signals.asset_channel(ASSET)) as messages:
            listening = asyncio.create_task(self._listen(messages))
            yield
            await asyncio.sleep(0)
            listening.cancel()
            await asyncio.wait({listening})

    async def _listen(self, messages: AsyncIterator[tuple[str, bytes]]) -> None:
        async for _, message in messages:
            self.heard.append(signals.load(message))
