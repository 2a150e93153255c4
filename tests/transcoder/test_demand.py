from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from infra.errors import CacheUnavailable
from infra.memory import MemoryCache, MemoryEngine, MemoryStore
from infra.ports import Level
from manifests.layout import RenditionId
from transcoder.demand import Demand
from transcoder.progress import ProgressBoard, landed_key
from transcoder.publish import key_of
from transcoder.remaining import opening_tasks
from transcoder.schedule.claims import claimed

if TYPE_CHECKING:
    from infra.redis_cache import RedisCache
    from transcoder.plan import Plan

V90, V180, A1 = RenditionId("v90-1"), RenditionId("v180-1"), RenditionId("a1-1")


async def queued(jobs: MemoryEngine) -> dict[Level, int]:
    return {level: depth.queued for level, depth in (await jobs.depth()).items() if depth.queued}


async def test_a_hundred_requests_are_one_task(plan: Plan) -> None:
    cache, jobs = MemoryCache(), MemoryEngine()
    async with anyio.create_task_group() as group:
        for _ in range(100):
            # Each with a Demand of its own, as in as many processes.
            group.start_soon(Demand(cache=cache, jobs=jobs).want, plan, V90, 13)
    assert await jobs.pending(plan.asset) == {"asset/1/run/v90-1/13"}
    assert await queued(jobs) == {Level.JUST_IN_TIME: 1}


async def test_what_is_wanted_overtakes_the_queue(plan: Plan) -> None:
    cache, jobs = MemoryCache(), MemoryEngine()
    await jobs.enqueue(*opening_tasks(plan, ()))
    await Demand(cache=cache, jobs=jobs).want(plan, V90, 19)
    first = jobs.take(frozenset(Level))
    assert first is not None
    assert (first.task.arguments["rendition"], first.task.arguments["number"]) == (V90, 19)


async def test_the_init_section_comes_with_the_first_segment(plan: Plan) -> None:
    jobs = MemoryEngine()
    await Demand(cache=MemoryCache(), jobs=jobs).want(plan, A1, None)
    assert await jobs.pending(plan.asset) == {"asset/1/run/a1-1/0"}


async def test_a_lost_task_is_asked_for_again(plan: Plan) -> None:
    cache, jobs = MemoryCache(), MemoryEngine()
    demand = Demand(cache=cache, jobs=jobs)
    await demand.want(plan, V90, 0)
    cache.forget()
    await jobs.cancel(plan.asset)
    await demand.want(plan, V90, 0)
    assert await queued(jobs) == {Level.JUST_IN_TIME: 1}


async def test_what_the_plan_lacks_is_an_error(plan: Plan) -> None:
    jobs = MemoryEngine()
    demand = Demand(cache=MemoryCache(), jobs=jobs)
    with pytest.raises(IndexError):
        await demand.want(plan, V90, 20)
    with pytest.raises(KeyError):
        await demand.want(plan, RenditionId("v4320-1"), 0)
    assert await queued(jobs) == {}


class TestAhead:
    """Who plays what exists is not to meet what does not."""

    @pytest.fixture(autouse=True)
    async def counted(self, plan: Plan, cache: RedisCache) -> None:
        """Segments 0 to 11 exist, and 13."""
        store = MemoryStore()
        for number in (*range(12), 13):
            await store.put(key_of(plan.asset, V90, number), b"x", content_type="video/mp4")
        await ProgressBoard(store=store, cache=cache).recount(plan)

    @pytest.mark.parametrize(
        ("number", "asked"),
        [
            (8, set()),  # all of the next three exist
            (9, {"asset/1/ahead/v90-1/12"}),
            (11, {"asset/1/ahead/v90-1/12"}),
            (13, {"asset/1/ahead/v90-1/14"}),
            (19, set()),  # the last one
        ],
    )
    async def test_the_first_gap_is_asked_for(
        self, plan: Plan, cache: RedisCache, number: int, asked: set[str]
    ) -> None:
        jobs = MemoryEngine()
        await Demand(cache=cache, jobs=jobs).keep_ahead(plan, V90, number)
        assert await jobs.pending(plan.asset) == asked
        assert await queued(jobs) == ({Level.FIRST: 1} if asked else {})

    async def test_not_if_somebody_makes_it(self, plan: Plan, cache: RedisCache) -> None:
        jobs = MemoryEngine()
        async with claimed(cache, plan.asset, plan.version, {(V90, 12)}):
            await Demand(cache=cache, jobs=jobs).keep_ahead(plan, V90, 10)
        assert await queued(jobs) == {}

    async def test_the_first_windows_are_on_their_way(self, plan: Plan, cache: RedisCache) -> None:
        jobs = MemoryEngine()
        await ProgressBoard(store=MemoryStore(), cache=cache).recount(plan)
        await Demand(cache=cache, jobs=jobs).keep_ahead(plan, V90, 0)
        assert await queued(jobs) == {}

    async def test_redis_is_asked_once_in_a_while(self, plan: Plan) -> None:
        demand = Demand(cache=MemoryCache(), jobs=MemoryEngine())
        with pytest.raises(CacheUnavailable):
            await demand.keep_ahead(plan, V90, 10)
        await demand.keep_ahead(plan, V90, 10)

    async def test_what_nobody_has_counted_is_not_asked_for(self, plan: Plan, cache: RedisCache) -> None:
        await cache.delete(landed_key(plan.asset, plan.version))
        jobs = MemoryEngine()
        await Demand(cache=cache, jobs=jobs).keep_ahead(plan, V90, 10)
        assert await queued(jobs) == {}
