from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import anyio
import pytest

from infra.memory import MemoryCache, MemoryStore
from manifests.layout import AssetId, RenditionId
from transcoder.facts import write_plan
from transcoder.progress import Progress, ProgressBoard
from transcoder.publish import key_of
from transcoder.remaining import expected
from transcoder.work import total_work, work_of

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


def counted(progress: Progress) -> tuple[int, int]:
    return progress.done, progress.total


async def test_no_plan_no_progress(cache: RedisCache) -> None:
    board = ProgressBoard(store=MemoryStore(), cache=cache)
    found = await board.progress(AssetId("nobody"), 1)
    assert (found.total, found.percent, found.complete, found.left) == (0, 0, False, None)


async def test_objects_are_counted_as_they_land_each_once(plan: Plan, cache: RedisCache) -> None:
    store = MemoryStore()
    board = ProgressBoard(store=store, cache=cache)
    await write_plan(store, plan)
    await land(store, board, plan, V90, 0)
    assert counted(await board.progress(plan.asset, 1)) == (1, 63)
    await land(store, board, plan, V90, 1)
    await land(store, board, plan, V90, 1)
    await land(store, board, plan, V90, None)
    assert counted(await board.progress(plan.asset, 1)) == (3, 63)


async def test_an_emptied_redis_is_filled_from_the_bucket(plan: Plan, cache: RedisCache) -> None:
    store = MemoryStore()
    board = ProgressBoard(store=store, cache=cache)
    await write_plan(store, plan)
    for number in range(5):
        await land(store, board, plan, V90, number)
    await board.progress(plan.asset, 1)
    await cache.script("return redis.call('FLUSHALL')", [], [])
    await land(store, board, plan, V90, 5)
    assert counted(await board.progress(plan.asset, 1)) == (6, 63)


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
    assert counted(await board.recount(plan)) == (0, 63)
    assert counted(await board.progress(plan.asset, 1)) == (0, 63)


async def test_without_redis_the_bucket_answers(plan: Plan) -> None:
    store = MemoryStore()
    board = ProgressBoard(store=store, cache=MemoryCache())  # which runs no scripts: CacheUnavailable
    await write_plan(store, plan)
    await land(store, board, plan, V90, 0)
    assert counted(await board.progress(plan.asset, 1)) == (1, 63)


async def test_percent_is_of_the_work_not_of_the_objects(plan: Plan, cache: RedisCache) -> None:
    store = MemoryStore()
    board = ProgressBoard(store=store, cache=cache)
    await write_plan(store, plan)
    for number in (None, *range(20)):
        await land(store, board, plan, RenditionId("a1-1"), number)
    found = await board.progress(plan.asset, 1)
    assert (counted(found), found.work) == ((21, 63), sum(work_of(plan, RenditionId("a1-1"), n) for n in range(20)))
    assert found.percent == 100 * found.work // total_work(plan) < 33


async def test_the_time_left_is_told_once_a_part_is_done(plan: Plan, cache: RedisCache) -> None:
    store = MemoryStore()
    board = ProgressBoard(store=store, cache=cache)
    await write_plan(store, plan)
    await board.progress(plan.asset, 1)
    names = sorted(expected(plan), key=lambda name: (name[1] or 0, name[0]))
    for name in names[: len(names) // 2]:
        await land(store, board, plan, *name)
    half = await board.progress(plan.asset, 1)
    assert half.left is not None
    for name in names[len(names) // 2 :]:
        await land(store, board, plan, *name)
    end = await board.progress(plan.asset, 1)
    assert (end.percent, end.work, end.left) == (100, end.whole, timedelta(0))


@pytest.mark.parametrize(
    ("progress", "percent"),
    [
        (Progress(done=0, total=0), 0),
        (Progress(done=998, total=999, work=9980, whole=9999), 99),
        (Progress(done=998, total=999, work=9999, whole=9999), 99),
        (Progress(done=999, total=999, work=9999, whole=9999), 100),
    ],
)
def test_percent_is_100_only_at_the_end(progress: Progress, percent: int) -> None:
    assert progress.percent == percent
    assert progress.complete is (percent == 100)
