from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from redis import Redis

from infra.errors import CacheUnavailable, EngineUnavailable
from infra.redis_cache import RedisCache
from manifests.layout import RenditionId
from streaming.playback.arrivals import Arrivals, Wanted
from streaming.playback.errors import SegmentPending
from transcoder import signals
from transcoder.signals import Signal

VIDEO = RenditionId("v360-1")


class Demands:
    """Counts; `refuse` makes it fail as an engine that cannot be reached does."""

    def __init__(self, *, refuse: bool = False) -> None:
        self.refuse = refuse
        self.asked = asyncio.Semaphore(0)
        self.count = 0

    async def want(self, plan, rendition, number) -> None:
        self.count += 1
        self.asked.release()
        if self.refuse:
            raise EngineUnavailable

    async def keep_ahead(self, plan, rendition, number) -> None:
        await self.want(plan, rendition, number)


def arrivals(stage, demand, *, seconds: float = 20) -> Arrivals:
    return Arrivals(store=stage.store, cache=stage.cache, demand=demand, patience=timedelta(seconds=seconds))


def listeners(url: str, plan) -> int:
    channel = signals.asset_channel(plan.asset)
    with Redis.from_url(url) as redis:
        return dict(redis.pubsub_numsub(channel))[channel.encode()]


async def test_a_hundred_waiters_are_one_watch_that_ends_with_them(stage, valkey_url, eventually) -> None:
    plan, demand = await stage.playable(), Demands()
    waiting = arrivals(stage, demand)
    wanted = Wanted(plan=plan, rendition=VIDEO, number=1)
    waiters = [asyncio.create_task(waiting.wait(wanted)) for _ in range(100)]
    await demand.asked.acquire()
    assert listeners(valkey_url, plan) == 1
    waiters[0].cancel()
    await stage.land(plan, VIDEO, 1, b"x")
    await asyncio.gather(*waiters[1:])
    assert demand.count == 1
    await eventually(lambda: listeners(valkey_url, plan) == 0)


async def test_when_the_last_waiter_leaves_nobody_watches(stage, valkey_url, eventually) -> None:
    plan, demand = await stage.playable(), Demands()
    waiting = arrivals(stage, demand)
    waiter = asyncio.create_task(waiting.wait(Wanted(plan=plan, rendition=VIDEO, number=1)))
    await demand.asked.acquire()
    waiter.cancel()
    await asyncio.gather(waiter, return_exceptions=True)
    await eventually(lambda: listeners(valkey_url, plan) == 0)


async def test_it_is_asked_for_again_while_somebody_waits(stage) -> None:
    plan, demand = await stage.playable(), Demands(refuse=True)
    waiter = asyncio.create_task(arrivals(stage, demand).wait(Wanted(plan=plan, rendition=VIDEO, number=1)))
    for _ in range(2):
        await demand.asked.acquire()
    await stage.land(plan, VIDEO, 1, b"x")
    await waiter


async def test_after_patience_has_ended_one_may_wait_again(stage) -> None:
    plan = await stage.playable()
    waiting = arrivals(stage, Demands(), seconds=0.2)
    wanted = Wanted(plan=plan, rendition=VIDEO, number=1)
    for _ in range(2):
        with pytest.raises(SegmentPending):
            await waiting.wait(wanted)


async def test_without_redis_nobody_waits(stage, free_port) -> None:
    plan = await stage.playable()
    cache = RedisCache(f"redis://127.0.0.1:{free_port()}/0")
    waiting = Arrivals(store=stage.store, cache=cache, demand=Demands(), patience=timedelta(seconds=20))
    with pytest.raises(CacheUnavailable):
        await waiting.wait(Wanted(plan=plan, rendition=VIDEO, number=1))
    await cache.aclose()


@pytest.mark.parametrize(
    ("what", "rendition", "number", "answers"),
    [
        ("segment", VIDEO, 1, True),
        ("segment", VIDEO, 2, False),
        ("segment", RenditionId("a1-1"), 1, False),
        ("segment", VIDEO, None, False),
        ("window", None, None, False),
        ("plan", None, None, False),
        ("ready", None, None, True),
        ("failure", None, None, True),
    ],
)
def test_which_signals_call_for_a_look(what, rendition, number, answers: bool, some_plan) -> None:
    signal = Signal(what=what, asset=some_plan.asset, version=1, rendition=rendition, number=number)
    assert Wanted(plan=some_plan, rendition=VIDEO, number=1).answered_by(signals.dump(signal)) is answers


@pytest.mark.parametrize("message", [b"", b"{}", b"\xff"])
def test_anything_else_calls_for_a_look(message: bytes, some_plan) -> None:
    assert Wanted(plan=some_plan, rendition=VIDEO, number=1).answered_by(message)


async def test_what_follows_is_looked_after_beside_the_answer(stage, eventually) -> None:
    plan, demand = await stage.playable(), Demands(refuse=True)
    watching = arrivals(stage, demand)
    watching.look_ahead(Wanted(plan=plan, rendition=VIDEO, number=3))
    watching.look_ahead(Wanted(plan=plan, rendition=VIDEO, number=None))
    await eventually(lambda: demand.count == 1)
