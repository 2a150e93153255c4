from __future__ import annotations

from typing import TYPE_CHECKING

from redis import Redis

from infra.memory import MemoryStore
from infra.redis_cache import RedisCache
from transcoder.forget import forget
from transcoder.progress import ProgressBoard
from transcoder.schedule.claims import claimed
from transcoder.schedule.front import speed_key

if TYPE_CHECKING:
    from transcoder.plan import Plan


async def test_nothing_of_a_version_stays_in_redis_and_all_of_another(valkey_url: str, plan: Plan) -> None:
    cache, sound = RedisCache(valkey_url), plan.audio[0].id
    try:
        board = ProgressBoard(store=MemoryStore(), cache=cache)
        await board.recount(plan)
        await board.landed(plan, sound, 3)
        with Redis.from_url(valkey_url, decode_responses=True) as client:
            others = {speed_key(f"{plan.asset}/2", "video"), "channel:landed:another/1"}
            for key in (*others, *(speed_key(f"{plan.asset}/1", track) for track in ("video", sound))):
                client.set(key, "1.0")
            async with claimed(cache, plan.asset, 1, [(sound, 4)]) as claim:
                await forget(cache, plan.asset, 1)
                assert set(client.keys("channel:*")) == others
                claim.mine.clear()
    finally:
        await cache.aclose()


async def test_without_redis_it_is_left_to_run_out(plan: Plan) -> None:
    cache = RedisCache("redis://127.0.0.1:1/0")
    try:
        await forget(cache, plan.asset, 1)
    finally:
        await cache.aclose()
