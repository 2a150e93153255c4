from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import anyio
import pytest

from infra.memory import MemoryCache
from infra.ports import RetryLater
from transcoder.errors import LeaseLost
from transcoder.leases import leased

if TYPE_CHECKING:
    from infra.redis_cache import RedisCache

TTL = timedelta(seconds=10)


async def test_one_works_the_other_comes_again() -> None:
    cache = MemoryCache()
    async with leased(cache, "a/1/video/0", ttl=TTL):
        with pytest.raises(RetryLater):
            async with leased(cache, "a/1/video/0", ttl=TTL):
                pass
        async with leased(cache, "a/1/video/1", ttl=TTL):
            pass
    async with leased(cache, "a/1/video/0", ttl=TTL):
        pass


async def test_an_error_of_the_work_comes_out_as_it_is() -> None:
    cache = MemoryCache()
    with pytest.raises(ZeroDivisionError):
        async with leased(cache, "x", ttl=TTL):
            raise ZeroDivisionError
    async with leased(cache, "x", ttl=TTL):
        pass


async def test_work_ends_when_its_lease_is_lost(cache: RedisCache) -> None:
    async def work() -> None:
        async with leased(cache, "x", ttl=timedelta(seconds=1)):
            await cache.script("return redis.call('FLUSHALL')", [], [])
            await anyio.sleep_forever()

    with anyio.fail_after(60), pytest.raises(LeaseLost):
        await work()


async def test_a_cancellation_from_outside_is_one() -> None:
    cache = MemoryCache()
    with anyio.move_on_after(0.01) as scope:
        async with leased(cache, "x", ttl=TTL):
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    async with leased(cache, "x", ttl=TTL):
        pass
