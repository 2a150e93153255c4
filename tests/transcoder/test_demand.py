from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from infra.memory import MemoryCache, MemoryEngine
from infra.ports import Level
from manifests.layout import RenditionId
from transcoder.demand import Demand
from transcoder.remaining import remaining_tasks

if TYPE_CHECKING:
    from transcoder.plan import Plan

V90 = RenditionId("v90-1")


async def queued(jobs: MemoryEngine) -> dict[Level, int]:
    return {level: depth.queued for level, depth in (await jobs.depth()).items() if depth.queued}


async def test_a_hundred_requests_are_one_task(plan: Plan) -> None:
    cache, jobs = MemoryCache(), MemoryEngine()
    async with anyio.create_task_group() as group:
        for number in range(100):
            # Each with a Demand of its own, as in as many processes.
            group.start_soon(Demand(cache=cache, jobs=jobs).want, plan, V90, 8 + number % 6)
    assert await queued(jobs) == {Level.JUST_IN_TIME: 1}


async def test_the_twin_overtakes_the_queue(plan: Plan) -> None:
    cache, jobs = MemoryCache(), MemoryEngine()
    await jobs.enqueue(*remaining_tasks(plan, ()))
    await Demand(cache=cache, jobs=jobs).want(plan, V90, 19)
    first = jobs.take(frozenset(Level))
    assert first is not None
    assert first.task.name == "asset/1/video/5"
    assert (first.task.arguments["rendition"], first.task.arguments["number"]) == (V90, 19)


async def test_the_init_section_comes_with_the_first_segment(plan: Plan) -> None:
    jobs = MemoryEngine()
    await Demand(cache=MemoryCache(), jobs=jobs).want(plan, RenditionId("a1-1"), None)
    assert await jobs.pending(plan.asset) == {"asset/1/a1-1/0"}


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
