from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from anyio.lowlevel import checkpoint

from infra.errors import CacheUnavailable
from infra.redis_cache import RedisCache
from streaming.sessions.combiner import MOST, Combiner

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.ports import Cache

ECHO = """
local found = {}
for at = 2, #ARGV do found[#found + 1] = ARGV[1] .. ' ' .. ARGV[at] end
redis.call('RPUSH', KEYS[1] .. 'calls', #found)
return found
"""


async def calls(cache: Cache, shard: int) -> list[int]:
    key = f"channel:sessions:{{{shard}}}:calls"
    return [int(each) for each in await cache.script("return redis.call('LRANGE', KEYS[1], 0, -1)", [key], [])]


async def test_a_lone_item_goes_at_once(cache: Cache) -> None:
    assert await Combiner(cache, ECHO).call(0, ["for"], "one") == b"for one"
    assert await calls(cache, 0) == [1]


async def test_what_comes_together_goes_together_and_each_gets_its_own_answer(cache: Cache) -> None:
    combiner = Combiner(cache, ECHO)
    items = [f"item{number}" for number in range(3 * MOST)]
    answers = await asyncio.gather(*(combiner.call(1, ["for"], item) for item in items))
    assert answers == [f"for {item}".encode() for item in items]
    sizes = await calls(cache, 1)
    assert sum(sizes) == len(items)
    assert max(sizes) == MOST
    assert len(sizes) <= 4


async def test_shards_do_not_mix(cache: Cache) -> None:
    combiner = Combiner(cache, ECHO)
    await asyncio.gather(*(combiner.call(number % 2, ["x"], str(number)) for number in range(10)))
    assert sum(await calls(cache, 0)) == sum(await calls(cache, 1)) == 5


async def test_an_outage_is_told_to_all_who_wait_and_the_next_goes_again(free_port: Callable[[], int]) -> None:
    cache = RedisCache(f"redis://127.0.0.1:{free_port()}/0")
    combiner = Combiner(cache, ECHO)
    failed = await asyncio.gather(*(combiner.call(0, [], str(n)) for n in range(5)), return_exceptions=True)
    assert all(isinstance(each, CacheUnavailable) for each in failed)
    with pytest.raises(CacheUnavailable):
        await combiner.call(0, [], "again")
    await cache.aclose()


async def test_a_waiter_that_leaves_takes_nobody_with_it(cache: Cache) -> None:
    combiner = Combiner(cache, ECHO)

    async def ask(item: str) -> Any:
        return await combiner.call(0, ["for"], item)

    leaver, stayer = asyncio.create_task(ask("a")), asyncio.create_task(ask("b"))
    await checkpoint()
    leaver.cancel()
    assert await stayer == b"for b"
    with pytest.raises(asyncio.CancelledError):
        await leaver
