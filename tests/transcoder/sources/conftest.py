"""A source in a bucket in memory, whole or arriving, and a store that can be slow, cut off or broken."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from infra.errors import ObjectStoreError
from infra.memory import MemoryCache, MemoryStore
from infra.ports import ObjectBody
from manifests import layout
from manifests.layout import AssetId
from transcoder import signals
from transcoder.sources.pieces import Piece, SourceBytes, write_source
from transcoder.sources.source import Sources

if TYPE_CHECKING:
    from pathlib import Path

ASSET = AssetId("clip")


class _Cut:
    """A body that breaks after so many bytes."""

    def __init__(self, stream: Any, left: int) -> None:
        self._stream, self._left = stream, left

    def __aiter__(self) -> _Cut:
        return self

    async def __anext__(self) -> bytes:
        if self._left <= 0:
            raise ObjectStoreError("the connection broke")
        block: bytes = await anext(self._stream)
        block = block[: self._left]
        self._left -= len(block)
        return block

    async def aclose(self) -> None:
        await self._stream.aclose()


class WatchedStore(MemoryStore):
    """Counts the bytes of pieces that were asked for; `cut_after` breaks every answer, `gate` holds all of them."""

    def __init__(self) -> None:
        super().__init__()
        self.ranges: list[tuple[int, int]] = []
        self.cut_after: int | None = None
        self.broken = False
        self.gate = anyio.Event()
        self.gate.set()
        self.waiting = 0

    @property
    def fetched(self) -> int:
        return sum(length for _, length in self.ranges)

    async def get(self, key: str, *, start: int = 0, length: int | None = None) -> ObjectBody:
        self.waiting += 1
        await self.gate.wait()
        self.waiting -= 1
        if self.broken:
            raise ObjectStoreError("no answer")
        body = await super().get(key, start=start, length=length)
        self.ranges.append((start, body.length))
        if self.cut_after is None:
            return body
        return ObjectBody(stat=body.stat, start=start, length=body.length, stream=_Cut(body.stream, self.cut_after))


class Shop:
    """A bucket with one source, and machines that read it."""

    def __init__(self, folder: Path) -> None:
        self.store, self.cache, self.folder = WatchedStore(), MemoryCache(), folder
        self.body = b""

    def sources(self, *, max_bytes: int = 1 << 40, reserve_bytes: int = 0) -> Sources:
        return Sources(
            self.folder, store=self.store, cache=self.cache, max_bytes=max_bytes, reserve_bytes=reserve_bytes
        )

    async def upload(
        self, body: bytes, *, asset: AssetId = ASSET, sizes: tuple[int, ...] = (), whole: bool = True,
        length: int | None = None,
    ) -> None:  # fmt: skip
        """Put a source as pieces of these sizes, and one with the rest; what stood there before is gone."""
        await self.store.delete([stat.key async for stat in self.store.list(layout.source_prefix(asset))])
        self.body, pieces, start = body, [], 0
        for size in (*sizes, len(body) - sum(sizes)):
            piece = Piece(key=layout.source_piece(asset, 1, start, len(sizes)), start=start, size=size)
            await self.store.put(piece.key, body[start : start + size], content_type="video/mp4")
            pieces.append(piece)
            start += size
        length = len(body) if whole else length
        await write_source(self.store, asset, 1, SourceBytes(pieces=tuple(pieces), length=length, whole=whole))
        self.store.ranges.clear()

    async def announce(self) -> None:
        signal = signals.Signal(what="upload", asset=ASSET, version=1)
        await self.cache.publish(signals.asset_channel(ASSET), signals.dump(signal))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "sources")


@pytest.fixture(scope="session")
def noise() -> bytes:
    """Ten and a half blocks that are all different."""
    return random.Random(1).randbytes(10 * 256 * 1024 + 131_072)
