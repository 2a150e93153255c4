"""One of many leads: what is named is looked at at once, what was missed is swept for, and another takes over."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from infra.errors import CacheUnavailable
from infra.leader import Leader
from infra.memory.cache import MemoryCache
from infra.tasks import end

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Eventually = Callable[..., Awaitable[None]]

CHANNEL, LEASE = "signals", "lease"
OFTEN, NEVER = timedelta(milliseconds=5), timedelta(hours=1)


class Diary:
    """Work that writes down what it was asked for; `broken` names raise."""

    def __init__(self) -> None:
        self.looked: Counter[str] = Counter()
        self.sweeps: list[bool] = []
        self.broken: dict[str, Exception] = {}

    def named(self, message: bytes) -> str | None:
        return message.decode() or None

    async def look(self, name: str) -> None:
        self.looked[name] += 1
        if name in self.broken:
            raise self.broken[name]

    async def sweep(self, *, thorough: bool) -> None:
        self.sweeps.append(thorough)


def leader(work: Diary, cache: MemoryCache, *, every: timedelta, thorough: int = 3) -> Leader[str]:
    return Leader(
        work, cache=cache, lease=LEASE, ttl=timedelta(minutes=1), channel=CHANNEL, every=every, thorough=thorough
    )  # fmt: skip


async def test_it_sweeps_now_and_then_thoroughly(eventually: Eventually) -> None:
    work = Diary()
    running = asyncio.create_task(leader(work, MemoryCache(), every=OFTEN).run())
    await eventually(lambda: len(work.sweeps) > 6)
    await end(running)
    assert work.sweeps[:6] == [True, False, False, True, False, False]


async def test_what_is_named_is_looked_at_at_once(eventually: Eventually) -> None:
    work, cache = Diary(), MemoryCache()
    work.broken["odd"] = ValueError("not to be understood")
    running = asyncio.create_task(leader(work, cache, every=NEVER).run())
    await eventually(lambda: work.sweeps == [True])
    for message in (b"odd", b"", b"race", b"race"):
        await cache.publish(CHANNEL, message)
    await eventually(lambda: work.looked["race"] >= 1)
    assert work.looked["odd"] == 1
    assert set(work.looked) == {"odd", "race"}
    assert work.sweeps == [True]
    await end(running)


async def test_signals_that_may_have_been_missed_are_made_up_for(eventually: Eventually) -> None:
    work, cache = Diary(), MemoryCache()
    running = asyncio.create_task(leader(work, cache, every=NEVER).run())
    await eventually(lambda: work.sweeps == [True])
    cache.interrupt()
    await eventually(lambda: work.sweeps == [True, True])
    await end(running)


async def test_one_leads_and_the_next_takes_over(eventually: Eventually) -> None:
    first, second, cache = Diary(), Diary(), MemoryCache()
    leading = asyncio.create_task(leader(first, cache, every=OFTEN).run())
    await eventually(lambda: bool(first.sweeps))
    standing_by = asyncio.create_task(leader(second, cache, every=OFTEN).run())
    seen = len(first.sweeps)
    await eventually(lambda: len(first.sweeps) > seen + 5)
    assert second.sweeps == []
    await end(leading)
    await eventually(lambda: bool(second.sweeps))
    assert second.sweeps[0] is True
    await end(standing_by)


async def test_a_server_that_does_not_answer_costs_time_only(eventually: Eventually) -> None:
    work, cache = Diary(), MemoryCache()
    work.broken["race"] = CacheUnavailable("gone for a moment")
    running = asyncio.create_task(leader(work, cache, every=OFTEN, thorough=1_000_000).run())
    await eventually(lambda: bool(work.sweeps))
    await cache.publish(CHANNEL, b"race")
    # It lets go of the lease, and leads again with a thorough look.
    await eventually(lambda: work.sweeps.count(True) == 2)
    await end(running)
