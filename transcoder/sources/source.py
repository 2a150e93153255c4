"""Sources at random access: what is read of one is fetched once a machine, and nothing else is.

A source's bytes never change, so an asset version names them; the pieces that hold them in the bucket may change while
it arrives and after, and are looked up again when one is gone.
"""

from __future__ import annotations

from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Final

import anyio
from anyio import to_thread

from infra.errors import ObjectNotFound, ObjectStoreError
from manifests.layout import AssetId
from transcoder import metrics
from transcoder.errors import PlanMissing
from transcoder.sources.blocks import BLOCK, blocks_of, in_runs, merged
from transcoder.sources.pieces import find_source
from transcoder.sources.serving import serve
from transcoder.sources.shelf import Shelf

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from infra.ports import Cache, ObjectStore
    from transcoder.plan import Span
    from transcoder.sources.local_file import LocalFile
    from transcoder.sources.pieces import SourceBytes

_REQUESTS: Final = 4
"""Ranges that are fetched at a time for one who asks. Each holds one read of an answer in memory."""
_LOOK_AGAIN_S: Final = 0.02


class Sources:
    """The sources of a machine's workers, in a folder that they share."""

    def __init__(self, folder: Path, *, store: ObjectStore, cache: Cache, max_bytes: int, reserve_bytes: int) -> None:
        self._shelf = Shelf(folder, max_bytes=max_bytes, reserve_bytes=reserve_bytes)
        self._store = store
        self._cache = cache

    @asynccontextmanager
    async def open(self, asset: AssetId, version: int) -> AsyncIterator[OpenSource]:
        """A source, whole or arriving; its local file is kept from eviction until the context ends.

        Raises PlanMissing when the bucket has none (any more).
        """
        name = f"{asset}.{version}"
        source = await find_source(self._store, asset, version)
        if source is None:
            await self._shelf.forget(name)
            raise _gone(asset, version)
        async with self._shelf.open(name) as local:
            local.grow(source.arrived)
            yield OpenSource(
                asset, version, source=source, local=local, shelf=self._shelf, store=self._store, cache=self._cache
            )

    async def tidy(self) -> None:
        """Drop the files of sources that the bucket has no more: nobody may ever open them again.

        Raises errors of the store.
        """
        for name in await to_thread.run_sync(self._shelf.names):
            asset, _, version = name.rpartition(".")
            if await find_source(self._store, AssetId(asset), int(version)) is None:
                await self._shelf.forget(name)


class OpenSource:
    """A source that is being read. All methods may run side by side, here and in other processes.

    They raise PlanMissing when the source is gone, DiskFull, and errors of the store.
    """

    def __init__(
        self, asset: AssetId, version: int, *, source: SourceBytes, local: LocalFile, shelf: Shelf, store: ObjectStore,
        cache: Cache,
    ) -> None:  # fmt: skip
        self.asset, self.version, self.cache = asset, version, cache
        self._source, self._local, self._shelf, self._store = source, local, shelf, store
        self._moved = anyio.Event()
        # Bytes of the last block, while it is not full: they come again and again, and are known here alone.
        self._tail: Span = (0, 0)

    @property
    def path(self) -> Path:
        """The local file, as long as what has arrived; every block that was not fetched is a hole."""
        return self._local.path

    @property
    def source(self) -> SourceBytes:
        """Where the bytes lie, as far as is known."""
        return self._source

    def holds(self, spans: Iterable[Span]) -> bool:
        """Whether all these bytes are in the local file; behind the end nothing is missing."""
        return not self._lacks(merged(spans))

    def lacking(self) -> int:
        """Bytes of what has arrived that are not in the local file, in whole blocks."""
        return BLOCK * sum(map(len, self._lacks([(0, self._source.arrived)])))

    async def refresh(self) -> SourceBytes:
        """Look again where the bytes lie, and how many have arrived."""
        source = await find_source(self._store, self.asset, self.version)
        if source is None:
            raise _gone(self.asset, self.version)
        # A listing that was under way for long says nothing new.
        if source.whole or source.arrived >= self._source.arrived:
            self._source = source
            self._local.grow(source.arrived)
        return self._source

    async def ensure(self, spans: Iterable[Span] | None = None) -> None:
        """Have these bytes in the local file (None: all that have arrived). What lies behind the end is no error."""
        wanted = self._cut([(0, self._source.arrived)] if spans is None else merged(spans))
        lacking = self._lacks(wanted)
        metrics.BLOCKS.inc(sum(len(blocks_of(span)) for span in wanted))
        metrics.MISSES.inc(sum(map(len, lacking)))
        runs = (run for blocks in lacking for run in in_runs(blocks))

        async def fetch() -> None:
            for run in runs:
                await self._fetch(run)

        try:
            async with anyio.create_task_group() as requests:
                for _ in lacking and range(_REQUESTS):
                    requests.start_soon(fetch)
        except ExceptionGroup as exc:
            raise exc.exceptions[0] from exc.exceptions[0].__cause__

    async def read(self, start: int, length: int) -> bytes:
        """Bytes [start, start + length), less at the end of what has arrived."""
        length = min(length, self._source.arrived - start)
        if length <= 0:
            return b""
        await self.ensure([(start, start + length)])
        return self._local.read(start, length)

    def serve(self, *, wait: bool = False, touched: list[Span] | None = None) -> AbstractAsyncContextManager[int]:
        """A socket (file descriptor) for a child that reads the source at random: see `child_file.py`.

        With `wait` what has not arrived is waited for; the child gets an error once the upload is given up. `touched`
        collects what the child reads. Whatever the child makes of an error, leaving the context raises it here.
        """
        return serve(self, wait=wait, touched=touched)

    # --- fetching ---------------------------------------------------------------------------------------------------

    def _cut(self, spans: Iterable[Span]) -> list[Span]:
        return [(start, min(end, self._source.arrived)) for start, end in spans if start < self._source.arrived]

    def _lacks(self, spans: Iterable[Span]) -> list[range]:
        """Blocks that are wanted (by rising spans) and not here, in runs."""
        found: list[range] = []
        done = 0
        for blocks in map(blocks_of, self._cut(spans)):
            found += self._local.missing(range(max(blocks.start, done), blocks.stop))
            done = blocks.stop
        begin, known = self._tail
        if found and known == self._source.arrived and found[-1][-1] == begin // BLOCK:
            found[-1] = found[-1][:-1]
        return [run for run in found if run]

    async def _fetch(self, run: range) -> None:
        """Have a run of blocks, whoever fetches them."""
        while self._local.missing(run):
            with self._local.claim(run) as is_ours:
                if is_ours:
                    for blocks in self._local.missing(run):
                        await self._download(blocks)
                    return
            # Another process can't wake us; whoever fetches here does.
            with anyio.move_on_after(_LOOK_AGAIN_S):
                await self._moved.wait()

    async def _download(self, blocks: range) -> None:
        """From the pieces into the file. A connection that breaks is taken up where it broke, if it gave anything."""
        at, end = blocks.start * BLOCK, min(blocks.stop * BLOCK, self._source.arrived)
        if self._tail[0] <= at < self._tail[1]:
            at = self._tail[1]
        await self._shelf.make_room(end - at)
        first = blocks.start
        while at < end:
            source, begin = self._source, at
            piece = source.piece_at(at)
            try:
                body = await self._store.get(piece.key, start=at - piece.start, length=min(end, piece.end) - at)
                async with aclosing(body.stream) as stream:
                    async for part in stream:
                        await to_thread.run_sync(self._local.write, at, part)
                        at += len(part)
                        first = self._mark(first, at)
            except ObjectNotFound as exc:
                # Pieces are gathered into larger ones; if this one still stands in the list the source is broken.
                if (await self.refresh()).pieces == source.pieces:
                    raise _gone(self.asset, self.version) from exc
            except ObjectStoreError:
                if at == begin:
                    raise
            else:
                if at == begin:
                    raise ObjectStoreError(f"{piece.key}: the store gave nothing of {piece.end - at} bytes")
            metrics.FETCHED.inc(at - begin)

    def _mark(self, first: int, at: int) -> int:
        """All bytes from block `first` on up to `at` are written; returns the block that is not full yet."""
        source = self._source
        is_end = source.whole and at == source.arrived
        full = -(-at // BLOCK) if is_end else at // BLOCK
        if full > first:
            self._local.mark(range(first, full))
            self._moved.set()
            self._moved = anyio.Event()
        if at == source.arrived and not is_end:
            self._tail = (full * BLOCK, at)
        return full


def _gone(asset: AssetId, version: int) -> PlanMissing:
    return PlanMissing(f"the source of {asset} version {version} is gone")
