from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from infra.errors import CacheUnavailable
from infra.memory import MemoryCache
from streaming.upload.errors import (
    SomebodyIsWriting,
    WriterReplaced,
)
from streaming.upload.model import MIB, UploadState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from infra.ports import Lease
    from streaming.upload.incoming import Incoming


async def test_a_second_writer_is_refused_while_the_first_is_busy(
    bench: Any,
    incoming: Callable[..., Incoming],
    eventually: Callable[..., Awaitable[None]],
    line_of: Callable[[], Any],
) -> None:
    upload = await bench.begin(10)
    line = line_of()
    refused = anyio.Event()

    async def keep_busy() -> None:
        while not refused.is_set():
            line.send(b"")
            with anyio.move_on_after(0.02):
                await refused.wait()
        line.send(b"0123456789", more=False)

    async with anyio.create_task_group() as group:
        group.start_soon(lambda: bench.uploads.append(upload.id, line.body, offset=0))
        await eventually(line.read)
        group.start_soon(keep_busy)
        with pytest.raises(SomebodyIsWriting):
            await bench.process().append(upload.id, incoming(b"x"), offset=0)
        refused.set()
    assert (await bench.uploads.status(upload.id)).state is UploadState.DONE


async def test_a_writer_whose_client_is_silent_gives_way_and_loses_nothing(
    bench: Any,
    incoming: Callable[..., Incoming],
    eventually: Callable[..., Awaitable[None]],
    line_of: Callable[[], Any],
) -> None:
    upload = await bench.begin(10)
    line = line_of()

    async def first() -> None:
        with pytest.raises(WriterReplaced):
            await bench.uploads.append(upload.id, line.body, offset=0)

    async with anyio.create_task_group() as group:
        group.start_soon(first)
        line.send(b"01234")
        await eventually(line.read)
        other = bench.process()
        assert (await other.status(upload.id)).offset == 5
        await other.append(upload.id, incoming(b"56789"), offset=5)
    assert await bench.source(upload) == b"0123456789"


async def test_a_writer_that_lost_its_turn_unawares_can_do_no_harm(
    bench: Any,
    incoming: Callable[..., Incoming],
    noise: bytes,
    eventually: Callable[..., Awaitable[None]],
    line_of: Callable[[], Any],
) -> None:
    upload = await bench.begin(11 * MIB)
    line = line_of()

    async def zombie() -> None:
        with pytest.raises(WriterReplaced):
            await bench.uploads.append(upload.id, line.body, offset=0)

    async with anyio.create_task_group() as group:
        group.start_soon(zombie)
        line.send(noise[: 3 * MIB])
        await eventually(line.read)
        bench.cache.forget()  # Redis was emptied: nobody knows any more that somebody writes
        await bench.process().append(upload.id, incoming(noise[: 6 * MIB]), offset=0)
        line.send(b"\0" * 8 * MIB)
    assert (await bench.uploads.status(upload.id)).offset == 6 * MIB
    await bench.uploads.append(upload.id, incoming(noise[6 * MIB : 11 * MIB]), offset=6 * MIB)
    await bench.drain()  # the other process may be about to say what it has written, and see that it need not
    assert await bench.source(upload) == noise[: 11 * MIB]


async def test_a_cancelled_request_keeps_what_has_arrived(
    bench: Any,
    eventually: Callable[..., Awaitable[None]],
    incoming: Callable[..., Incoming],
    line_of: Callable[[], Any],
) -> None:
    upload = await bench.begin(10)
    line = line_of()
    writing = asyncio.create_task(bench.uploads.append(upload.id, line.body, offset=0))
    line.send(b"01234")
    await eventually(line.read)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert (await bench.uploads.status(upload.id)).offset == 5
    await bench.uploads.append(upload.id, incoming(b"56789"), offset=5)
    assert await bench.source(upload) == b"0123456789"


class NoCache(MemoryCache):
    """Redis is down."""

    async def publish(self, channel: str, message: bytes) -> None:
        raise CacheUnavailable

    @asynccontextmanager
    async def lease(self, name: str, *, ttl: timedelta) -> AsyncIterator[Lease | None]:
        raise CacheUnavailable
        yield


async def test_uploads_need_no_redis(bench_with: Any, incoming: Callable[..., Incoming]) -> None:
    bench = bench_with(cache=NoCache())
    upload = await bench.begin(10)
    bench.now += timedelta(seconds=1)
    await bench.uploads.append(upload.id, incoming(b"01234"), offset=0)
    assert (await bench.process().status(upload.id)).offset == 5
    await bench.process().append(upload.id, incoming(b"56789"), offset=5)
    assert await bench.source(upload) == b"0123456789"
    await bench.drain()
