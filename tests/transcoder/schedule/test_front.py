"""The rolling front over a real Valkey: what is queued of whom, and when."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from infra.memory import MemoryCache, MemoryEngine, MemoryStore
from infra.ports import Level
from manifests.layout import AssetId, RenditionId
from transcoder.facts import Failure, write_failure, write_plan
from transcoder.progress import ProgressBoard
from transcoder.publish import key_of
from transcoder.remaining import expected
from transcoder.schedule.fairness import Waiting
from transcoder.schedule.front import Front
from transcoder.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.ports import Cache
    from infra.redis_cache import RedisCache
    from transcoder.plan import Plan

BULK = frozenset({Level.BULK})


class House:
    """An engine whose workers are only said to be there."""

    def __init__(self, cache: Cache, plan: Plan, *, slots: int = 2) -> None:
        self.cache, self.store, self.jobs = cache, MemoryStore(), MemoryEngine()
        self.jobs.working.append((BULK, slots))
        self.board = ProgressBoard(store=self.store, cache=cache)
        self.front = Front(store=self.store, cache=cache, jobs=self.jobs, board=self.board)
        self._plan = plan

    async def upload(self, name: str, tenant: str) -> Plan:
        plan = replace(self._plan, asset=AssetId(name))
        await write_plan(self.store, plan)
        await self.front.begin(plan, (), tenant=tenant)
        return plan

    async def bulk(self) -> list[str]:
        return list(await self.jobs.queued(Level.BULK))

    async def begin_one(self) -> str:
        """A worker takes the next bulk task and begins; it never ends."""
        entry = self.jobs.take(BULK)
        assert entry is not None
        await self.jobs.finished(entry, again_in=None)
        await self.land(entry.task.group, (str(entry.task.arguments["window"]),))
        await self.front.top_up()
        return entry.task.name

    async def land(self, asset: str, windows: Iterable[str]) -> None:
        for name in windows:
            track, span = name.split("/")[:2]
            first, count = (int(number) for number in span.split("-"))
            plan = replace(self._plan, asset=AssetId(asset))
            window = Window(track=track, first=first, count=count)
            for made in expected(plan):
                wanted = made[0].startswith("v") if track == "video" else made[0] == track
                if wanted and made[1] in window.numbers:
                    await self.store.put(key_of(plan.asset, *made), b"x", content_type="video/mp4")
                    await self.board.landed(plan, *made)


@pytest.fixture
def long(plan: Plan) -> Plan:
    """400 segments without sound."""
    assert plan.video is not None
    return replace(plan, audio=(), video=replace(plan.video, frames=40_000, starts=tuple(range(0, 40_000, 100))))


@pytest.fixture
def house(cache: RedisCache, plan: Plan) -> House:
    return House(cache, plan)


async def test_the_first_windows_are_queued_and_of_the_rest_what_the_slots_take(house: House) -> None:
    await house.upload("x", "anna")
    depth = await house.jobs.depth()
    assert {level.name: depth[level].queued for level in Level if depth[level].queued} == {
        "INDEX": 2, "FIRST": 4, "BULK": 2,
    }  # fmt: skip
    assert await house.bulk() == ["x/1/video/8-3", "x/1/video/11-3"]


async def test_a_new_tenant_waits_behind_one_round(house: House) -> None:
    for name in "abcdefgh":
        await house.upload(name, "anna")
    assert len(await house.bulk()) == 2
    await house.upload("x", "ben")
    order = [await house.begin_one() for _ in range(6)]
    assert sorted(name.split("/")[0] for name in order[2:]).count("x") == 2


async def test_the_assets_of_a_tenant_take_turns(house: House) -> None:
    for name in "abc":
        await house.upload(name, "anna")
    order = [(await house.begin_one()).split("/")[0] for _ in range(7)]
    assert sorted(order[1:4]) == sorted(order[4:7]) == ["a", "b", "c"]


async def test_tenants_share_seconds_not_windows(cache: RedisCache, long: Plan) -> None:
    house, speeds = House(cache, long), {"x": 10.0, "y": 1.0}
    for name, tenant in (("x", "anna"), ("y", "ben")):
        asset = replace(long, asset=AssetId(name))
        await house.front.took(asset, Window(track="video", first=0, count=1), speeds[name])
        await house.upload(name, tenant)
    begun: Counter[str] = Counter()
    for _ in range(20):
        asset_name, *_, span = (await house.begin_one()).split("/")
        begun[asset_name] += int(span.partition("-")[2])
    assert abs(begun["x"] * speeds["x"] - begun["y"] * speeds["y"]) <= 2 * 40


async def test_who_comes_back_does_not_catch_up(cache: RedisCache, long: Plan) -> None:
    house = House(cache, long)
    await house.upload("x", "anna")
    await house.upload("y", "ben")
    await house.jobs.cancel("y")
    await write_failure(house.store, AssetId("y"), 1, Failure(code="stuck", message="It is."))
    for _ in range(20):
        await house.begin_one()
    assert await house.front.waiting() == {("x", 1)}
    await write_plan(house.store, replace(long, asset=AssetId("z")))
    await house.begin_one()
    await house.front.top_up(Waiting(served=0, asset=AssetId("z"), version=1, tenant="ben"))
    order = "".join([(await house.begin_one())[0] for _ in range(8)])
    assert abs(order.count("z") - order.count("x")) <= 2


async def test_all_is_made_and_then_nobody_waits(house: House, plan: Plan) -> None:
    await house.upload("x", "anna")
    opened = [name.split("/", 2)[2] for name in await house.jobs.pending("x") if name not in await house.bulk()]
    await house.land("x", opened)
    while await house.bulk():
        await house.begin_one()
    segments = {name for name in expected(plan) if name[1] is not None}
    assert segments <= await house.board.landed_of(replace(plan, asset=AssetId("x")))
    assert await house.front.waiting() == frozenset()


async def test_what_is_there_already_is_finished(house: House, plan: Plan) -> None:
    await house.front.begin(plan, expected(plan), tenant="anna")
    assert await house.jobs.pending(plan.asset) == {f"{plan.asset}/1/finish"}


async def test_who_has_failed_takes_no_turn(house: House) -> None:
    await house.upload("x", "anna")
    await house.jobs.cancel("x")
    await write_failure(house.store, AssetId("x"), 1, Failure(code="stuck", message="It is."))
    await house.front.top_up()
    assert await house.bulk() == []
    assert await house.front.waiting() == frozenset()


async def test_windows_follow_the_speed_of_those_before(house: House, plan: Plan) -> None:
    asset = replace(plan, asset=AssetId("x"))
    await house.front.took(asset, Window(track="video", first=0, count=2), 40.0)
    await house.upload("x", "anna")
    assert (await house.bulk())[0] == "x/1/video/8-2"


async def test_a_group_of_rungs_says_how_long_all_take(house: House, plan: Plan) -> None:
    asset = replace(plan, asset=AssetId("x"))
    only = Window(track="video", first=0, count=2, rungs=(RenditionId("v180-1"),))
    await house.front.took(asset, only, 20.0)
    await house.upload("x", "anna")
    assert (await house.bulk())[0] == "x/1/video/8-3", "not four in 40 s"


async def test_without_redis_an_asset_goes_on_alone(plan: Plan) -> None:
    house = House(MemoryCache(), plan)
    await house.upload("x", "anna")
    assert len(await house.bulk()) == 2
    assert await house.front.waiting() == frozenset()
