from __future__ import annotations

import asyncio
import hashlib
import tempfile
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.memory import MemoryStore
from infra.sql import metadata, open_engine
from manifests import layout
from streaming.catalog.model import AssetState
from streaming.upload.announcer import Announcer
from streaming.upload.digests import Digest
from streaming.upload.errors import (
    BodyCut,
    ChecksumMismatch,
    WriterReplaced,
)
from streaming.upload.intake import Intake
from streaming.upload.model import MIB, Upload, UploadState
from transcoder.windows import grow_task

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from streaming.upload.incoming import Incoming


def _sha1(body: bytes) -> Digest:
    return Digest("sha1", hashlib.sha1(body, usedforsecurity=False).digest())


_MOST_SMALL = 32
_OPENING = 24
_SIZES = st.one_of(st.integers(0, 70_000), st.integers(0, 5 * MIB + 10), st.integers(0, 12 * MIB))
_REQUESTS = st.tuples(
    st.sampled_from([0, 1]), _SIZES, st.sampled_from(["end", "cut", "die", "wrong", "right"]), st.integers(1, 9)
)


@settings(max_examples=50, deadline=None)
@given(length=st.one_of(st.integers(1, 200_000), st.integers(1, 16 * MIB)), requests=st.lists(_REQUESTS, max_size=7))
def test_any_cuts_by_any_processes_yield_the_same_object(
    noise: bytes,
    incoming: Callable[..., Incoming],
    bench_of: Callable[..., Any],
    deadly_store_of: Callable[[], Any],
    length: int,
    requests: list[tuple[int, int, str, int]],
) -> None:
    async def scenario(folder: str) -> None:
        sql = open_engine(f"sqlite:///{folder}/test.db")
        try:
            async with sql.begin() as connection:
                await connection.run_sync(metadata.create_all)
            store = deadly_store_of()
            bench = bench_of(sql=sql, store=store)
            processes = (bench.uploads, bench.process())
            upload = await bench.begin(length)
            for process, size, ending, fuse in requests:
                offset = (await processes[process].status(upload.id)).offset
                body = noise[offset : min(offset + size, length)]
                pieces = [body[at : at + 100_003] for at in range(0, len(body), 100_003)]
                checksum = {"wrong": _sha1(b"other"), "right": _sha1(body)}.get(ending)
                store.fuse = fuse if ending == "die" else -1
                with suppress(BodyCut, ChecksumMismatch, store.killed):
                    await processes[process].append(
                        upload.id, incoming(*pieces, cut=ending == "cut"), offset=offset, checksum=checksum
                    )
                store.fuse = -1
                after = await processes[1 - process].status(upload.id)
                match ending:
                    case "end" | "right" | "cut":
                        assert after.offset == offset + len(body)
                    case "wrong":
                        assert after.offset == offset
                    case _:
                        assert offset <= after.offset <= offset + len(body)
                        assert offset + len(body) - after.offset <= after.part_bytes + 100_003 or after.offset == offset
                await bench.drain()
                if after.state is UploadState.OPEN:
                    row = await processes[0].records.pieces(upload.id)
                    assert len(row) <= _MOST_SMALL + length // (after.part_bytes // 2)
                    assert sum(piece.size for piece in row) == after.offset
                    assert await bench.readable(upload) in (noise[: after.offset], b"")
            offset = (await processes[0].status(upload.id)).offset
            if offset < length:
                await processes[1].append(upload.id, incoming(noise[offset:length]), offset=offset)
            done = await processes[0].status(upload.id)
            assert (done.state, done.offset) == (UploadState.DONE, length)
            assert await bench.source(upload) == noise[:length]
            asset = await bench.catalogue.get(upload.asset)
            assert (asset.state, asset.source_size) == (AssetState.INDEXING, length)
        finally:
            await bench.drain()
            await sql.dispose()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(scenario(folder))


async def test_many_small_requests_cost_few_objects(
    bench_of: Callable[..., Any], incoming: Callable[..., Incoming], noise: bytes, tmp_path: Path
) -> None:
    sql = open_engine(f"sqlite:///{tmp_path}/test.db")
    async with sql.begin() as connection:
        await connection.run_sync(metadata.create_all)
    bench = bench_of(sql=sql)
    length = 1_000_000
    upload = await bench.begin(length)
    for offset in range(0, length, 1000):
        await bench.uploads.append(upload.id, incoming(noise[offset : offset + 1000]), offset=offset)
        assert len(await bench.keys("sources/")) <= _MOST_SMALL + 4
    assert await bench.source(upload) == noise[:length]
    await sql.dispose()


@pytest.mark.parametrize("fuse", range(1, 12))
async def test_a_process_that_dies_while_it_gathers_is_followed(
    bench_with: Any,
    deadly_store_of: Callable[[], Any],
    incoming: Callable[..., Incoming],
    noise: bytes,
    fuse: int,
) -> None:
    store = deadly_store_of()
    bench = bench_with(store=store)
    upload = await bench.begin(6 * MIB)
    for offset in (0, MIB):
        await bench.uploads.append(upload.id, incoming(noise[offset : offset + MIB]), offset=offset)
    await bench.drain()
    store.fuse = fuse
    with suppress(store.killed):
        await bench.uploads.append(upload.id, incoming(noise[2 * MIB : 5 * MIB]), offset=2 * MIB)
    store.fuse = -1
    survivor = bench.process()
    offset = (await survivor.status(upload.id)).offset
    assert offset in (2 * MIB, 5 * MIB)
    assert await bench.readable(upload) in (noise[:offset], noise[: 2 * MIB])
    done = await survivor.append(upload.id, incoming(noise[offset : 6 * MIB]), offset=offset)
    assert done.state is UploadState.DONE
    assert await bench.source(upload) == noise[: 6 * MIB]


async def test_a_slow_body_can_be_read_while_it_flows(
    bench: Any, line_of: Callable[[], Any], noise: bytes, eventually: Callable[..., Awaitable[None]]
) -> None:
    length = 12 * MIB
    upload = await bench.begin(length)
    line = line_of()
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: bench.uploads.append(upload.id, line.body, offset=0))
        sent = 0
        for step in (1, 100_000, MIB, 3 * MIB):
            line.send(noise[sent : sent + step])
            sent += step
            await eventually(partial(_reads, bench, upload, noise[:sent]))
        assert await bench.jobs.pending(upload.asset) == {grow_task(upload.asset, 1).name}
        gathered = [piece.size for piece in await bench.uploads.records.pieces(upload.id)]
        assert gathered == [sent], "as soon as they make a piece that is not small, they are one"
        line.send(noise[sent:length], more=False)
    assert await bench.source(upload) == noise[:length]


async def test_an_upload_begins_with_pieces_that_are_held_back_for_less_time(
    bench: Any, noise: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = bench.uploads.records
    announcer = Announcer(records=records, store=bench.store, cache=bench.cache, catalogue=bench.catalogue)
    upload = await records.claim(await bench.begin(10 * MIB))
    monkeypatch.setattr("streaming.upload.intake._OPENING_S", 0)
    monkeypatch.setattr("streaming.upload.intake._FLUSH_AFTER_S", 3600)

    async def writer(upload: Upload) -> Intake:
        return Intake(
            upload, await records.pieces(upload.id), records=records, store=bench.store, announcer=announcer,
            clock=bench.uploads.clock, expires=timedelta(hours=1),
        )  # fmt: skip

    first = await writer(upload)
    for place in range(_OPENING):
        await first.add(noise[place : place + 1])
        assert first.upload.offset == place + 1
    await first.add(b"x")
    assert first.upload.offset == _OPENING, "it waits with those that come soon"
    second = await writer(await first.close())
    await second.add(b"x")
    assert second.upload.offset == _OPENING + 1, "what an upload begins with, not every request"
    await announcer.drain()


async def _reads(bench: Any, upload: Upload, expected: bytes) -> bool:
    return bool(await bench.readable(upload) == expected)


async def test_pieces_are_of_few_sizes(bench: Any, incoming: Callable[..., Incoming], noise: bytes) -> None:
    upload = await bench.begin(17 * MIB)
    offset = 0
    for size in (MIB, 3, 2 * MIB, 5 * MIB, MIB, MIB, 6 * MIB):
        await bench.uploads.append(upload.id, incoming(noise[offset : offset + size]), offset=offset)
        offset += size
        assert (
            b"".join([noise[p.start : p.end] for p in await bench.uploads.records.pieces(upload.id)]) == noise[:offset]
        )
    sizes = [piece.size for piece in await bench.uploads.records.pieces(upload.id)]
    assert sizes == [3 * MIB + 3, 5 * MIB, 5 * MIB, 3 * MIB]
    await bench.drain()
    assert await bench.readable(upload) == noise[:offset]
    assert len(await bench.keys(layout.source_prefix(upload.asset))) == 5, "the pieces and the list of them"


@pytest.mark.parametrize("ending", ["right", "wrong", "cut"])
async def test_bytes_that_are_still_to_be_checked_cannot_be_read(
    bench: Any,
    line_of: Callable[[], Any],
    noise: bytes,
    eventually: Callable[..., Awaitable[None]],
    incoming: Callable[..., Incoming],
    ending: str,
) -> None:
    upload = await bench.begin(12 * MIB)
    await bench.uploads.append(upload.id, incoming(noise[:1000]), offset=0)
    body, line = noise[1000 : 11 * MIB], line_of()
    sending = asyncio.create_task(
        bench.uploads.append(upload.id, line.body, offset=1000, checksum=_sha1(b"" if ending == "wrong" else body))
    )
    line.send(body)
    await eventually(line.read)
    assert len(await bench.keys("sources/")) > 2, "it lies in the store"
    assert await bench.readable(upload) == noise[:1000]
    if ending == "cut":
        line.cut()
    else:
        line.send(b"", more=False)
    with suppress(BodyCut, ChecksumMismatch):
        await sending
    await bench.drain()
    assert await bench.readable(upload) == (noise[: 11 * MIB] if ending == "right" else noise[:1000])
    if ending != "right":
        assert len(await bench.keys("sources/")) == 2, "what does not count is gone"


class SlowStore(MemoryStore):
    """A store that takes its time over one request, and then does it, whether or not somebody waits."""

    def __init__(self) -> None:
        super().__init__()
        self.slow = ""
        self.begun = anyio.Event()
        self.go_on = anyio.Event()
        self.late: asyncio.Task[Any] | None = None

    async def put(self, key: str, body: bytes, **more: Any) -> Any:
        if self.slow and key.endswith(self.slow) and self.late is None:
            self.late = asyncio.create_task(self._later(key, body, **more))
            self.begun.set()
            return await asyncio.shield(self.late)
        return await super().put(key, body, **more)

    async def _later(self, key: str, body: bytes, **more: Any) -> Any:
        await self.go_on.wait()
        return await super().put(key, body, **more)


async def test_a_request_to_the_store_that_comes_late_writes_over_nothing(
    bench_with: Any, line_of: Callable[[], Any], incoming: Callable[..., Incoming]
) -> None:
    store = SlowStore()
    bench = bench_with(store=store)
    upload = await bench.begin(10)
    store.slow = "/0-1"
    line = line_of()
    sending = asyncio.create_task(bench.uploads.append(upload.id, line.body, offset=0))
    line.send(b"012")
    await store.begun.wait()
    line.send(b"34")
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    offset = (await bench.uploads.status(upload.id)).offset
    assert offset == 3
    store.go_on.set()
    await store.late
    await bench.uploads.append(upload.id, incoming(b"3456789"), offset=offset)
    assert await bench.source(upload) == b"0123456789"
    await bench.drain()


async def test_a_writer_that_is_replaced_while_it_stores_takes_its_piece_with_it(
    bench_with: Any, line_of: Callable[[], Any], incoming: Callable[..., Incoming]
) -> None:
    store = SlowStore()
    bench = bench_with(store=store)
    upload = await bench.begin(10)
    store.slow = "/0-1"
    line = line_of()
    stale = asyncio.create_task(bench.uploads.append(upload.id, line.body, offset=0))
    line.send(b"abc")
    await store.begun.wait()
    bench.cache.forget()
    await bench.process().append(upload.id, incoming(b"01234"), offset=0)
    store.go_on.set()
    with pytest.raises(WriterReplaced):
        await stale
    await bench.drain()
    assert await bench.readable(upload) == b"01234"
    assert len(await bench.keys("sources/")) == 2
