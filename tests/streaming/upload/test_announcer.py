from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from infra.errors import EngineUnavailable, ObjectStoreError
from infra.memory import MemoryEngine, MemoryStore
from manifests import layout
from streaming.upload.model import UploadState
from transcoder import signals
from transcoder.sources.pieces import find_source
from transcoder.windows import grow_task

if TYPE_CHECKING:
    from collections.abc import Callable

    from streaming.upload.incoming import Incoming


async def test_the_first_bytes_are_said_at_once_and_the_others_soon(
    bench: Any, incoming: Callable[..., Incoming]
) -> None:
    upload = await bench.begin(10)
    async with bench.cache.subscribe(signals.asset_channel(upload.asset)) as messages:
        await bench.uploads.append(upload.id, incoming(b"01"), offset=0)
        assert await bench.readable(upload) == b"01"
        assert signals.load((await anext(messages))[1]).what == "upload"
        await bench.uploads.append(upload.id, incoming(b"23"), offset=2)
        await anext(messages)
        assert await bench.readable(upload) == b"0123"
        source = await find_source(bench.store, upload.asset, 1)
        assert (source.length, source.whole) == (10, False)


async def test_what_comes_while_a_list_is_written_is_in_the_next_one(
    bench_with: Any, incoming: Callable[..., Incoming]
) -> None:
    bench = bench_with(store=HeldStore())
    upload = await bench.begin(10)
    await bench.uploads.append(upload.id, incoming(b"0"), offset=0)
    bench.store.hold, before = True, bench.store.lists
    await bench.uploads.append(upload.id, incoming(b"1"), offset=1)
    await bench.store.held.wait()
    for offset in range(2, 7):
        await bench.uploads.append(upload.id, incoming(b"x"), offset=offset)
    bench.store.go_on.set()
    await bench.drain()
    assert await bench.readable(upload) == b"01xxxxx"
    # The one that was held, the same set right, as another writer's number stood in SQL, and one for all of them.
    assert bench.store.lists <= before + 3


async def test_followers_are_asked_for_again_while_bytes_come(bench: Any, incoming: Callable[..., Incoming]) -> None:
    upload = await bench.begin(10)
    for offset, seconds, asked in ((0, 0, True), (1, 1, False), (2, 10, True), (3, 1, False)):
        await bench.jobs.cancel(upload.asset)
        bench.now += timedelta(seconds=seconds)
        await bench.uploads.append(upload.id, incoming(b"x"), offset=offset)
        assert await bench.jobs.pending(upload.asset) == ({grow_task(upload.asset, 1).name} if asked else set())


class NoEngine(MemoryEngine):
    """The queue is down."""

    async def enqueue(self, *tasks: Any) -> None:
        raise EngineUnavailable


class NoLists(MemoryStore):
    """A store that refuses lists for a while."""

    refuses = True

    async def put(self, key: str, body: bytes, **more: Any) -> Any:
        if self.refuses and key.endswith("/arriving.json"):
            raise ObjectStoreError("not now")
        return await super().put(key, body, **more)


async def test_nothing_that_readers_need_fails_an_upload(bench_with: Any, incoming: Callable[..., Incoming]) -> None:
    bench = bench_with(store=NoLists(), jobs=NoEngine())
    upload = await bench.begin(10)
    await bench.uploads.append(upload.id, incoming(b"01"), offset=0)
    assert await bench.readable(upload) == b""
    bench.store.refuses = False
    await bench.uploads.append(upload.id, incoming(b"23"), offset=2)
    await bench.drain()
    assert await bench.readable(upload) == b"0123"


class HeldStore(MemoryStore):
    """A store in which the next list waits on its way."""

    def __init__(self) -> None:
        super().__init__()
        self.hold = False
        self.lists = 0
        self.held = anyio.Event()
        self.go_on = anyio.Event()

    async def put(self, key: str, body: bytes, **more: Any) -> Any:
        self.lists += key.endswith("/arriving.json")
        if self.hold and key.endswith("/arriving.json"):
            self.hold = False
            self.held.set()
            await self.go_on.wait()
        return await super().put(key, body, **more)


async def test_a_list_that_comes_late_is_set_right(bench_with: Any, incoming: Callable[..., Incoming]) -> None:
    bench = bench_with(store=HeldStore())
    upload = await bench.begin(10)
    bench.store.hold = True
    slow = asyncio.create_task(bench.uploads.append(upload.id, incoming(b"01"), offset=0))
    await bench.store.held.wait()
    bench.cache.forget()
    other = bench.process()
    await other.append(upload.id, incoming(b"2345"), offset=2)
    await other.drain()
    assert await bench.readable(upload) == b"012345"
    bench.store.go_on.set()
    await slow
    assert await bench.readable(upload) == b"012345", "it did not stay at what was true when it set out"


async def test_a_list_that_comes_after_the_end_goes(bench_with: Any, incoming: Callable[..., Incoming]) -> None:
    bench = bench_with(store=HeldStore())
    upload = await bench.begin(10)
    bench.store.hold = True
    slow = asyncio.create_task(bench.uploads.append(upload.id, incoming(b"01"), offset=0))
    await bench.store.held.wait()
    bench.cache.forget()
    done = await bench.process().append(upload.id, incoming(b"23456789"), offset=2)
    assert done.state is UploadState.DONE
    bench.store.go_on.set()
    await slow
    assert await bench.store.head(layout.source_arriving(upload.asset, 1)) is None
    assert await bench.source(upload) == b"0123456789"


class EndlessStore(HeldStore):
    """A store that refuses the last list of a source."""

    ends = 0

    async def put(self, key: str, body: bytes, **more: Any) -> Any:
        if key.endswith("/source.json"):
            self.ends += 1
            raise ObjectStoreError("not now")
        return await super().put(key, body, **more)


async def test_who_announces_never_ends_an_upload(bench_with: Any, incoming: Callable[..., Incoming]) -> None:
    """Between his two looks into SQL its finisher may have forgotten the pieces: he would say that there are none."""
    bench = bench_with(store=EndlessStore())
    upload = await bench.begin(10)
    bench.store.hold = True
    slow = asyncio.create_task(bench.uploads.append(upload.id, incoming(b"01"), offset=0))
    await bench.store.held.wait()
    bench.cache.forget()
    with pytest.raises(ObjectStoreError):
        await bench.process().append(upload.id, incoming(b"23456789"), offset=2)
    assert (await bench.uploads.records.get(upload.id)).whole
    bench.store.go_on.set()
    await slow
    await bench.drain()
    assert bench.store.ends == 1, "only who finishes says that it is whole"
