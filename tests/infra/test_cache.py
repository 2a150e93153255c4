"""One contract suite for every cache: memory and Redis; what only a real server can show comes at the end."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

import anyio
import pytest
from redis.asyncio import Redis

from infra.errors import CacheUnavailable
from infra.memory import MemoryCache
from infra.redis_cache import RedisCache

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from infra.ports import Cache

    class Server(Protocol):
        url: str

        def start(self) -> None: ...
        def kill(self) -> None: ...

    Eventually = Callable[..., Awaitable[None]]

LONG = timedelta(seconds=30)
SHORT = timedelta(milliseconds=300)
LOOK = ("", b"")


@pytest.fixture(params=["memory", "redis"])
async def any_cache(request: pytest.FixtureRequest) -> AsyncIterator[Cache]:
    if request.param == "memory":
        yield MemoryCache()
        return
    cache = RedisCache(request.getfixturevalue("valkey_url"))
    yield cache
    await cache.aclose()


async def _next(messages: AsyncIterator[tuple[str, bytes]]) -> tuple[str, bytes]:
    async with asyncio.timeout(60):
        return await anext(messages)


async def test_values(any_cache: Cache) -> None:
    assert await any_cache.get("k") is None
    assert await any_cache.put("k", b"\x00v", ttl=LONG)
    assert await any_cache.get("k") == b"\x00v"
    assert not await any_cache.put("k", b"other", ttl=LONG, only_if_absent=True)
    assert await any_cache.put("k", b"new", ttl=LONG)
    assert await any_cache.get("k") == b"new"
    await any_cache.delete("k", "none")
    await any_cache.delete()
    assert await any_cache.get("k") is None


async def test_values_run_out(any_cache: Cache, eventually: Eventually) -> None:
    await any_cache.put("k", b"v", ttl=timedelta(milliseconds=20))

    async def gone() -> bool:
        return await any_cache.get("k") is None

    await eventually(gone)
    assert await any_cache.put("k", b"v", ttl=LONG, only_if_absent=True)


async def test_messages_reach_who_subscribes_now(any_cache: Cache) -> None:
    await any_cache.publish("a", b"too early")
    async with any_cache.subscribe("a", "b") as first, any_cache.subscribe("a") as second:
        await any_cache.publish("a", b"1")
        await any_cache.publish("b", b"2")
        assert [await _next(first), await _next(first)] == [("a", b"1"), ("b", b"2")]
        assert await _next(second) == ("a", b"1")
    async with any_cache.subscribe("a") as again:
        await any_cache.publish("a", b"3")
        assert await _next(again) == ("a", b"3")


async def test_subscribers_come_and_go_at_once(any_cache: Cache) -> None:
    async def wait(number: int) -> None:
        async with any_cache.subscribe("all", f"mine-{number}") as messages:
            await any_cache.publish(f"mine-{number}", b"x")
            while (await _next(messages))[0] != f"mine-{number}":
                pass

    for _ in range(3):
        await asyncio.gather(*(wait(number) for number in range(100)))


async def test_waiting_for_a_message_can_be_cancelled(any_cache: Cache) -> None:
    async with any_cache.subscribe("a") as messages:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await anext(messages)


async def test_a_lease_has_one_holder(any_cache: Cache) -> None:
    async with any_cache.lease("l", ttl=LONG) as lease:
        assert lease is not None
        assert not lease.lost
        async with any_cache.lease("l", ttl=LONG) as other:
            assert other is None
        async with any_cache.lease("m", ttl=LONG) as another:
            assert another is not None
    async with any_cache.lease("l", ttl=LONG) as again:
        assert again is not None


async def test_a_lease_is_given_back_when_its_work_fails(any_cache: Cache) -> None:
    with pytest.raises(KeyError):
        async with any_cache.lease("l", ttl=LONG):
            raise KeyError
    async with any_cache.lease("l", ttl=LONG) as lease:
        assert lease is not None


async def test_a_lease_is_given_back_by_who_is_cancelled(any_cache: Cache) -> None:
    with anyio.CancelScope() as scope:
        async with any_cache.lease("l", ttl=LONG):
            scope.cancel()
            await anyio.sleep_forever()
    async with any_cache.lease("l", ttl=LONG) as lease:
        assert lease is not None


async def test_a_lease_is_given_back_by_who_is_cancelled_before_he_knows_of_it(
    cache: RedisCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = cache.script

    async def cancelled_meanwhile(*asked: Any) -> Any:
        answer = await ask(*asked)
        scope.cancel()
        await anyio.lowlevel.checkpoint()
        return answer

    with monkeypatch.context() as patched, anyio.CancelScope() as scope:
        patched.setattr(cache, "script", cancelled_meanwhile)
        async with cache.lease("l", ttl=LONG):
            pytest.fail("he is told of it")
    async with cache.lease("l", ttl=LONG) as lease:
        assert lease is not None


async def test_of_many_who_try_one_gets_the_lease(any_cache: Cache) -> None:
    async with AsyncExitStack() as stack:
        taken = await asyncio.gather(*(stack.enter_async_context(any_cache.lease("l", ttl=LONG)) for _ in range(50)))
    assert sum(lease is not None for lease in taken) == 1


async def test_a_held_lease_is_renewed(valkey_url: str, cache: RedisCache, eventually: Eventually) -> None:
    async with Redis.from_url(valkey_url) as redis, cache.lease("l", ttl=SHORT) as lease:
        assert lease is not None
        before = int(await redis.pexpiretime("l"))

        async def renewed_twice() -> bool:
            return int(await redis.pexpiretime("l")) > before + SHORT.total_seconds() * 1000

        await eventually(renewed_twice)
        assert not lease.lost


async def test_a_lease_that_somebody_took_is_lost(valkey_url: str, cache: RedisCache, eventually: Eventually) -> None:
    async with Redis.from_url(valkey_url) as redis:
        async with cache.lease("l", ttl=SHORT) as lease:
            assert lease is not None
            await redis.set("l", "somebody")
            await eventually(lambda: lease.lost)
        assert await redis.get("l") == b"somebody"


async def test_scripts(cache: RedisCache, valkey_url: str) -> None:
    source = "redis.call('SET', KEYS[1], ARGV[1]) return {redis.call('GET', KEYS[1]), tonumber(ARGV[2])}"
    assert await cache.script(source, ["k"], [b"\xff", 7]) == [b"\xff", 7]
    async with Redis.from_url(valkey_url) as redis:
        await redis.script_flush()
    assert await cache.script(source, ["k"], ["v", 7]) == [b"v", 7]
    with pytest.raises(CacheUnavailable):
        await cache.script("return redis.call('NO SUCH COMMAND')", [], [])


async def test_one_connection_serves_all_subscribers(
    cache: RedisCache, valkey_url: str, eventually: Eventually
) -> None:
    async with AsyncExitStack() as stack, Redis.from_url(valkey_url) as redis:
        for number in range(50):
            await stack.enter_async_context(cache.subscribe("common", f"own-{number}"))
        assert len(await redis.client_list(_type="pubsub")) == 1
        assert await redis.pubsub_numsub("common") == [(b"common", 1)]
        await stack.aclose()

        async def left() -> bool:
            return bool(await redis.pubsub_numsub("common") == [(b"common", 0)])

        await eventually(left)


async def test_who_is_cut_off_leaves_every_channel(cache: RedisCache, valkey_url: str, eventually: Eventually) -> None:
    async with Redis.from_url(valkey_url) as redis, cache.subscribe("kept"):
        # Unlike asyncio's, this cancellation comes again at every wait, also while the channels are being left.
        with anyio.move_on_after(0.05):
            async with cache.subscribe("a", "b", "c") as messages:
                await anext(messages)
        async with cache.subscribe("later"):
            pass

        async def left() -> bool:
            return await redis.pubsub_numsub("a", "b", "c") == [(b"a", 0), (b"b", 0), (b"c", 0)]

        await eventually(left)


async def test_who_does_not_keep_up_is_told_to_look(cache: RedisCache) -> None:
    async with cache.subscribe("a") as slow, cache.subscribe("a") as quick:
        for number in range(600):
            await cache.publish("a", b"%d" % number)
            await _next(quick)
        found = [await _next(slow)]
        while found[-1] != ("a", b"599"):
            found.append(await _next(slow))
        assert LOOK in found
        assert len(found) < 600


async def test_everything_survives_a_killed_redis(valkey_server: Server, eventually: Eventually) -> None:
    cache = RedisCache(valkey_server.url)
    async with cache.subscribe("a") as messages, cache.lease("l", ttl=SHORT) as lease:
        assert lease is not None
        valkey_server.kill()
        with pytest.raises(CacheUnavailable):
            await cache.get("k")
        await eventually(lambda: lease.lost)
        valkey_server.start()
        assert await _next(messages) == LOOK
        await cache.publish("a", b"again")
        while (message := await _next(messages)) == LOOK:
            pass
        assert message == ("a", b"again")
        assert await cache.put("k", b"v", ttl=LONG)
        async with cache.subscribe("b") as later:
            await cache.publish("b", b"x")
            assert await _next(later) == ("b", b"x")
    await cache.aclose()


async def test_a_redis_that_is_not_there(free_port: Callable[[], int]) -> None:
    cache = RedisCache(f"redis://127.0.0.1:{free_port()}/0")
    with pytest.raises(CacheUnavailable):
        await cache.publish("a", b"x")
    with pytest.raises(CacheUnavailable):
        async with cache.lease("l", ttl=LONG):
            raise AssertionError("leased from nothing")
    await cache.aclose()


async def test_what_is_asked_while_it_closes_is_answered_and_leaves_no_connection(valkey_url: str) -> None:
    cache = RedisCache(valkey_url)
    asked = [asyncio.create_task(cache.get(str(number))) for number in range(20)]
    await asyncio.sleep(0)
    await cache.aclose()
    assert await asyncio.gather(*asked) == [None] * 20
    with pytest.raises(CacheUnavailable):
        await cache.get("k")
    with pytest.raises(CacheUnavailable):
        async with cache.subscribe("a"):
            raise AssertionError("subscribed")
    pool = cache._redis.connection_pool
    assert not any(each.is_connected for each in (*pool._available_connections, *pool._in_use_connections))
