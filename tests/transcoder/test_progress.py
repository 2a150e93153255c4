from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from infra.memory import MemoryCache, MemoryStore
from manifests.layout import AssetId, RenditionId
from transcoder.facts import write_plan
from transcoder.progress import Progress, ProgressBoard
from transcoder.publish import key_of
from transcoder.remaining import expected

if TYPE_CHECKING:
    from infra.ports import ObjectStore
    from infra.redis_cache import RedisCache
    from transcoder.plan import Plan

V90 = RenditionId("v90-1")


async def land(
    store: ObjectStore, board: ProgressBoard, plan: Plan, rendition: RenditionId, number: int | None
) -> None:
    await store.put(key_of(plan.asset, rendition, number), b"x", content_type="video/mp4")
    await board.landed(plan, rendition, number)


async def test_no_plan_no_progress(cache: RedisCache) -> None:
    board = ProgressBoard(store=MemoryStore(), cache=cache)
    assert await board.progress(AssetId("nobody"), 1) == Progress(done=0, total=0)


async def test_objects_are_counted_as_they_land_each_once(plan: Plan, cache: RedisCache) -> None:
    store = MemoryStore()
    board = ProgressBoard(store=store, cache=cache)
    await write_plan(store, plan)
    await land(store, board, plan, V90, 0)
    assert await board.progress(plan.asset, 1) == Progress(done=1, total=63)
    await land(store, board, plan, V90, 1)
    await land(store, board, plan, V90, 1)
    await land(store, board, plan, V90, None)
    assert await board.progress(plan.asset, 1) == Progress(done=3, total=63)


async def test_an_emptied_redis_is_filled_from_the_bucket(plan: Plan, cache: RedisCache) -> None:
    store = MemoryStore()
    board = ProgressBoard(store=store, cache=cache)
    await write_plan(store, plan)
    for number in range(5):
        await land(store, board, plan, V90, number)
    await board.progress(plan.asset, 1)
    await cache.script("return redis.call('FLUSHALL')", [], [])
    await land(store, board, plan, V90, 5)
    assert await board.progress(plan.asset, 1) == Progress(done=6, total=63)


async def test_nothing_is_missed_while_the_bucket_is_counted(plan: Plan, cache: RedisCache) -> None:
    store = MemoryStore()
    board = ProgressBoard(store=store, cache=cache)
    await write_plan(store, plan)
    async with anyio.create_task_group() as group:
        for rendition, number in expected(plan):
            group.start_soon(land, store, board, plan, rendition, number)
            group.start_soon(board.progress, plan.asset, 1)
    assert (await board.progress(plan.asset, 1)).complete


async def test_a_wrong_count_is_corrected(plan: Plan, cache: RedisCache) -> None:
    store = MemoryStore()
    board = ProgressBoard(store=store, cache=cache)
    await write_plan(store, plan)
    await board.progress(plan.asset, 1)
    for name in expected(plan):
        await board.landed(plan, *name)
    assert (await board.progress(plan.asset, 1)).complete
    assert await board.recount(plan) == Progress(done=0, total=63)
    assert await board.progress(plan.asset, 1) == Progress(done=0, total=63)


async def test_without_redis_the_bucket_answers(plan: Plan) -> None:
    store = MemoryStore()
    board = ProgressBoard(store=store, cache=MemoryCache())  # which runs no scripts: CacheUnavailable
    await write_plan(store, plan)
    await land(store, board, plan, V90, 0)
    assert await board.progress(plan.asset, 1) == Progress(done=1, total=63)


def test_percent_is_100_only_at_the_end() -> None:
    assert Progress(done=0, total=0).percent == 0
    assert not Progress(done=0, total=0).complete
    assert Progress(done=998, total=999).percent == 99
    assert Progress(done=999, total=999).percent == 100
    assert Progress(done=999, total=999).complete
