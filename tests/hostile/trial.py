"""A file on the real path: sniffed, indexed, planned, encoded by real processes, or refused."""

from __future__ import annotations

import resource
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import anyio
import psutil

from infra.ports import Attempt
from manifests import layout
from manifests.layout import AssetId
from tests.hostile.case import MADE
from tests.transcoder.house import House
from transcoder.errors import SourceRefused
from transcoder.facts import read_failure, read_plan, read_ready
from transcoder.remaining import expected, present
from transcoder.sources.pieces import Piece, SourceBytes, write_source
from transcoder.tasks import handlers
from transcoder.video import encode_video
from transcoder.windows import VIDEO, Window, index_task

if TYPE_CHECKING:
    from pathlib import Path

    from infra.ports import ObjectStore
    from manifests.layout import RenditionId

WITHIN_S: Final = 60
MEMORY: Final = 3 << 29
"""Bytes that no process may have in memory: 1.5 GiB."""
_LOOK_S: Final = 0.01


class Trial:
    """A worker that takes one file after the other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.house = House(folder)
        self._number = 0

    async def outcome(self, body: bytes, *, opening: bool = False) -> str:
        """`MADE`, or the code of the refusal. Raises TimeoutError after `WITHIN_S`.

        With `opening` the first segment of the smallest rung is proof enough. Without, a worker must be at work
        (`house.working`).
        """
        self._number += 1
        asset = AssetId(f"case{self._number}")
        with anyio.fail_after(WITHIN_S):
            return await (self._opened(asset, body) if opening else self._whole(asset, body))

    async def _whole(self, asset: AssetId, body: bytes) -> str:
        store = self.house.store
        await _upload(store, asset, body)
        await self.house.jobs.enqueue(index_task(asset, 1))
        while True:
            if (failure := await read_failure(store, asset, 1)) is not None:
                return failure.code
            if await read_ready(store, asset, 1) is not None:
                plan = await read_plan(store, asset, 1)
                assert set(await present(store, plan)) >= expected(plan)
                return MADE
            await anyio.sleep(_LOOK_S)

    async def _opened(self, asset: AssetId, body: bytes) -> str:
        house = House(self._folder / asset)  # where nobody works on what follows
        await _upload(house.store, asset, body)
        try:
            await handlers(house.parts)["index"](Attempt(task=index_task(asset, 1), number=1, last=False))
        except SourceRefused as refused:
            return refused.code
        plan = await read_plan(house.store, asset, 1)
        assert plan.video is not None
        smallest = min(plan.video.rungs, key=lambda rung: rung.height).id
        others = {(rung.id, part) for rung in plan.video.rungs for part in (None, 0) if rung.id != smallest}
        made = []

        async def sink(_rendition: RenditionId, part: int | None, _body: bytes) -> None:
            made.append(part)

        source = self._folder / asset / "source"
        source.write_bytes(body)
        window = Window(track=VIDEO, first=0, count=1)
        await encode_video(plan, window, source=source, sink=sink, skip=others, settings=house.parts.encoder)
        return MADE if made == [None, 0] else f"made {made}"


async def _upload(store: ObjectStore, asset: AssetId, body: bytes) -> None:
    pieces = (Piece(key=layout.source_piece(asset, 1), start=0, size=len(body)),) if body else ()
    for piece in pieces:
        await store.put(piece.key, body, content_type="application/octet-stream")
    await write_source(store, asset, 1, SourceBytes(pieces=pieces, length=len(body), whole=True))


def peak() -> int:
    """Bytes that the largest process had in memory, of all of ours that have ended so far (getrusage(2))."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def left_behind(folder: Path, before: set[int]) -> list[str]:
    """Processes that still are there, zombies too: descendants of ours, and orphans whose home is in `folder`."""
    found = []
    ours = {process.pid for process in psutil.Process().children(recursive=True)} - before
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            if process.pid in ours or process.environ().get("HOME", "").startswith(str(folder)):
                found.append(f"{process.pid} {process.status()}: {process.cmdline()}")
    return found
