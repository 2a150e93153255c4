from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from streaming.live.lease import ACTIVE, ALIVE, Lock, active

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from infra.redis_cache import RedisCache
    from transcoder.live.fence import Fence

TTL = timedelta(seconds=3)
LONG = timedelta(minutes=5)


@pytest.fixture
def stopped() -> asyncio.Event:
    return asyncio.Event()


async def entered(
    stack: AsyncExitStack, cache: RedisCache, home: Path, stopped: asyncio.Event, ttl: timedelta = TTL
) -> Fence:
    async with asyncio.timeout(60):
        found = await stack.enter_async_context(active(cache, ttl=ttl, home=home, stopped=stopped))
    assert found is not None
    return found


async def test_one_is_active_and_the_next_when_it_leaves(
    cache: RedisCache, tmp_path: Path, stopped: asyncio.Event
) -> None:
    async with AsyncExitStack() as first, AsyncExitStack() as second:
        fence = await entered(first, cache, tmp_path / "a", stopped)
        assert fence.held
        waiting = asyncio.create_task(entered(second, cache, tmp_path / "b", stopped))
        await asyncio.wait([waiting], timeout=2 * TTL.total_seconds())
        assert not waiting.done()  # it is kept for longer than it lasts
        await first.aclose()
        assert (await waiting).held
        assert await cache.get(ACTIVE) == (await waiting).token.encode()


async def test_who_waits_may_be_stopped(cache: RedisCache, tmp_path: Path, stopped: asyncio.Event) -> None:
    async with AsyncExitStack() as first:
        await entered(first, cache, tmp_path / "a", stopped)
        stopped.set()
        async with active(cache, ttl=TTL, home=tmp_path / "b", stopped=stopped) as fence:
            assert fence is None


async def test_one_that_was_taken_for_dead_is_told_so(
    cache: RedisCache, tmp_path: Path, stopped: asyncio.Event
) -> None:
    async with AsyncExitStack() as first:
        paused = await entered(first, cache, tmp_path, stopped, LONG)
        await cache.put(ACTIVE, b"another", ttl=LONG)
        async with asyncio.timeout(60):
            await paused.superseded.wait()
        assert not paused.held


async def test_a_redis_that_was_emptied_learns_who_is_active(
    cache: RedisCache, tmp_path: Path, stopped: asyncio.Event, eventually: Callable[..., Awaitable[None]]
) -> None:
    async with AsyncExitStack() as first:
        fence = await entered(first, cache, tmp_path, stopped, LONG)
        await cache.delete(ALIVE, ACTIVE)
        await eventually(lambda: cache.get(ACTIVE))
        assert await cache.get(ALIVE) == fence.token.encode()
        assert not fence.superseded.is_set()


async def test_who_comes_behind_a_killed_one_on_its_machine_does_not_wait(
    cache: RedisCache, tmp_path: Path, stopped: asyncio.Event
) -> None:
    lock = Lock(tmp_path / "live.lock")
    place = lock.tried()
    assert place
    assert Lock(tmp_path / "live.lock").tried() == ""
    await cache.put(ALIVE, b"somebody" + place.encode(), ttl=LONG)
    lock.close()  # the kernel does so for who was killed
    async with AsyncExitStack() as next_one:
        assert (await entered(next_one, cache, tmp_path, stopped)).held


async def test_of_one_on_another_machine_nobody_knows_that_it_is_dead(
    cache: RedisCache, tmp_path: Path, stopped: asyncio.Event
) -> None:
    await cache.put(ALIVE, b"somebody elsewhere:1:1", ttl=LONG)
    async with AsyncExitStack() as next_one:
        waiting = asyncio.create_task(entered(next_one, cache, tmp_path, stopped))
        await asyncio.wait([waiting], timeout=0.5)
        assert not waiting.done()
        await cache.delete(ALIVE)
        assert (await waiting).held
