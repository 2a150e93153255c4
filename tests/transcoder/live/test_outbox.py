from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from infra.errors import CacheUnavailable
from transcoder.live.fence import Fence
from transcoder.live.outbox import Letter, Outbox
from transcoder.live.resume import READ

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from infra.redis_cache import RedisCache


class Moody:
    """A cache that is away for as many calls as is said."""

    def __init__(self, cache: RedisCache, away: int) -> None:
        self._cache, self.away = cache, away

    async def script(self, source: str, keys: Sequence[str], args: Sequence[str | bytes | int | float]) -> Any:
        if self.away:
            self.away -= 1
            raise CacheUnavailable
        return await self._cache.script(source, keys, args)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache, name)


def letter(number: int, **more: Any) -> Letter:
    return Letter(
        key="tail", value=b"state %d" % number, body_key=f"part {number}", body=b"body", past_key="past",
        past=(b"segment %d" % number,), kept=2, wake_up="wake", message=b"message %d" % number, **more,
    )  # fmt: skip


async def _messages(messages: AsyncIterator[tuple[str, bytes]], count: int) -> list[bytes]:
    async with asyncio.timeout(60):
        return [(await anext(messages))[1] for _ in range(count)]


async def test_a_letter_is_value_bytes_list_and_wake_up_at_once(cache: RedisCache) -> None:
    outbox = Outbox(cache, state_ms=60_000, body_ms=60_000)
    async with cache.subscribe("wake") as messages:
        for number in range(3):
            outbox.post(letter(number))
        await outbox.drained()
        assert await _messages(messages, 3) == [b"message 0", b"message 1", b"message 2"]
    assert await cache.get("tail") == b"state 2"
    assert await cache.get("part 1") == b"body"
    assert await cache.script(READ, ["tail", "past"], []) == [b"state 2", [b"segment 1", b"segment 2"]]
    await outbox.aclose()


async def test_nothing_is_lost_or_out_of_order_while_redis_is_away(cache: RedisCache) -> None:
    outbox = Outbox(Moody(cache, 3), state_ms=60_000, body_ms=60_000)
    async with cache.subscribe("wake") as messages:
        for number in range(3):
            outbox.post(letter(number))
        assert await _messages(messages, 3) == [b"message 0", b"message 1", b"message 2"]
    await outbox.aclose()


async def test_bytes_that_nobody_would_ask_for_any_more_are_left_out(cache: RedisCache) -> None:
    moody = Moody(cache, 2)
    outbox = Outbox(moody, state_ms=60_000, body_ms=100)
    outbox.post(letter(1))
    await outbox.drained()
    assert (await cache.get("tail"), await cache.get("part 1")) == (b"state 1", None)
    await outbox.aclose()


async def test_a_value_alone(cache: RedisCache) -> None:
    await cache.put("past", b"untouched", ttl=timedelta(minutes=1))
    outbox = Outbox(cache, state_ms=60_000, body_ms=60_000)
    outbox.post(Letter(key="init", value=b"moov"))
    await outbox.drained()
    assert (await cache.get("init"), await cache.get("past")) == (b"moov", b"untouched")
    await outbox.aclose()


def turned(number: int, **more: Any) -> Letter:
    return letter(number, turn_key="turn", **more)


async def _read(cache: RedisCache) -> Any:
    return await cache.script(READ, ["tail", "past"], [])


class Deaf(Moody):
    """It does what it is asked, and its answer gets lost."""

    async def script(self, source: str, keys: Sequence[str], args: Sequence[str | bytes | int | float]) -> Any:
        done = await self._cache.script(source, keys, args)
        if self.away:
            self.away -= 1
            raise CacheUnavailable
        return done


async def test_a_write_whose_answer_was_lost_is_done_once(cache: RedisCache) -> None:
    outbox = Outbox(Deaf(cache, 2), state_ms=60_000, body_ms=60_000)
    for number in range(2):
        outbox.post(turned(number))
    await outbox.drained()
    assert await _read(cache) == [b"state 1", [b"segment 0", b"segment 1"]]
    await outbox.aclose()


@pytest.mark.parametrize("lost", [["tail", "past", "turn"], ["turn"]])
async def test_what_redis_has_forgotten_it_is_told_again(cache: RedisCache, lost: list[str]) -> None:
    def again() -> list[Letter]:
        return [Letter(key="init", value=b"moov"), turned(7, whole=True)]

    outbox = Outbox(cache, state_ms=60_000, body_ms=60_000, again=again)
    outbox.post(turned(1))
    await outbox.drained()
    await cache.delete(*lost)
    outbox.post(turned(2))
    await outbox.drained()
    assert await _read(cache) == [b"state 7", [b"segment 7"]]
    assert await cache.get("init") == b"moov"
    outbox.post(turned(8))
    await outbox.drained()
    assert await _read(cache) == [b"state 8", [b"segment 7", b"segment 8"]]
    await outbox.aclose()


async def test_what_piles_up_while_redis_is_away_is_bounded(
    cache: RedisCache, eventually: Callable[..., Awaitable[None]]
) -> None:
    moody = Moody(cache, 1_000_000)
    outbox = Outbox(moody, state_ms=60_000, body_ms=60_000, again=lambda: [turned(99, whole=True)], held=1000)
    for number in range(100):
        outbox.post(turned(number))
    await eventually(lambda: len(outbox._letters) == 1)
    outbox.post(turned(100))
    moody.away = 0
    await outbox.drained()
    assert (await _read(cache), outbox._bytes) == ([b"state 100", [b"segment 99", b"segment 100"]], 0)
    await outbox.aclose()


async def test_the_next_process_builds_on_what_is_there_or_says_all(cache: RedisCache) -> None:
    first = Outbox(cache, state_ms=60_000, body_ms=60_000)
    first.post(turned(1))
    await first.drained()
    await first.aclose()
    for lose, kept in ((False, [b"segment 1", b"segment 2"]), (True, [b"segment 9"])):
        if lose:
            await cache.delete("turn", "past")
        outbox = Outbox(
            cache, state_ms=60_000, body_ms=60_000, begun={"turn"}, again=lambda: [turned(9, whole=True)]
        )  # fmt: skip
        outbox.post(turned(2))
        await outbox.drained()
        assert (await _read(cache))[1] == kept
        await outbox.aclose()


async def test_only_who_is_active_writes(cache: RedisCache) -> None:
    fence = Fence(key="active", token="me", until=0)
    outbox = Outbox(cache, state_ms=60_000, body_ms=60_000, fence=fence)
    outbox.post(turned(1))
    await asyncio.wait([asyncio.create_task(outbox.drained())], timeout=0.2)
    assert await cache.get("tail") is None  # nobody is known to be active: that may come
    await cache.put("active", b"me", ttl=timedelta(minutes=1))
    await outbox.drained()
    assert await cache.get("tail") == b"state 1"
    await cache.put("active", b"another", ttl=timedelta(minutes=1))
    outbox.post(turned(2))
    await outbox.drained()
    assert fence.superseded.is_set()
    assert await cache.get("tail") == b"state 1"
    outbox.post(turned(3))
    await outbox.drained()
    await outbox.aclose()
