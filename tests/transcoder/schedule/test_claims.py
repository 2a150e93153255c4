"""Claims over a real Valkey: who makes what, who gives way to whom, and what a dead holder leaves."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from infra.errors import CacheUnavailable
from infra.memory import MemoryCache
from manifests.layout import AssetId, RenditionId
from transcoder.schedule import claims
from transcoder.schedule.claims import Claim, Name, claimed, claimed_run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from infra.redis_cache import RedisCache

    Eventually = Callable[..., Awaitable[None]]

ASSET = AssetId("asset")
LARGE, SMALL = RenditionId("v720-1"), RenditionId("v234-1")


def names(numbers: range, *renditions: RenditionId) -> set[Name]:
    return {(rendition, number) for rendition in renditions for number in numbers}


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


class Claimants:
    def __init__(self, cache: RedisCache, stack: AsyncExitStack) -> None:
        self.cache, self._stack = cache, stack

    async def window(self, numbers: range, *renditions: RenditionId) -> Claim:
        made = names(numbers, *(renditions or (LARGE, SMALL)))
        return await self._stack.enter_async_context(claimed(self.cache, ASSET, 1, made))

    async def run(self, first: int, stop: int, *, near: int = 0) -> list[int]:
        run = claimed_run(self.cache, ASSET, 1, LARGE, range(first, stop), near=near)
        return sorted(number for _, number in (await self._stack.enter_async_context(run)).mine)


@pytest.fixture
def claimants(cache: RedisCache, stack: AsyncExitStack) -> Claimants:
    return Claimants(cache, stack)


async def test_a_window_leaves_out_what_another_makes(claimants: Claimants) -> None:
    await claimants.window(range(4, 8))
    second = await claimants.window(range(6, 12))
    assert second.mine == names(range(8, 12), LARGE, SMALL)
    assert second.lost == names(range(6, 8), LARGE, SMALL)


async def test_a_run_goes_on_to_where_it_meets_another(claimants: Claimants) -> None:
    await claimants.window(range(13, 20))
    assert await claimants.run(10, 16) == [10, 11, 12]


async def test_who_waits_for_a_run_that_is_near_begins_none(claimants: Claimants) -> None:
    assert await claimants.run(10, 16) == [10, 11, 12, 13, 14, 15]
    assert await claimants.run(10, 16) == []
    assert await claimants.run(11, 18) == [], "somebody waits for what it makes before, too"
    assert await claimants.run(14, 20) == [14, 15, 16, 17, 18, 19], "it has four to make before"


async def test_nobody_waits_for_what_a_run_makes_ahead_of_nobody(cache: RedisCache, claimants: Claimants) -> None:
    async with claimed_run(cache, ASSET, 1, LARGE, range(10, 16), waited_for=False):
        assert await claimants.run(11, 18) == [11, 12, 13, 14, 15, 16, 17]
        assert await claimants.run(10, 11) == [], "it is at it"


async def test_who_makes_it_hears_that_somebody_waits(
    cache: RedisCache, claimants: Claimants, eventually: Eventually
) -> None:
    calls: list[Name] = []
    async with claimed_run(cache, ASSET, 1, LARGE, range(10, 13)) as run:
        run.hurried = lambda: calls.extend(run.wanted)
        await eventually(lambda: calls == [(LARGE, 10)])
        await run.landed((LARGE, 10))
        assert not run.wanted
        assert await claimants.run(11, 18) == []
        await eventually(lambda: calls == [(LARGE, 10), (LARGE, 11)])
        await run.renew()
        assert len(calls) == 2, "once for each"
        assert run.wanted == {(LARGE, 11)}


async def test_the_opening_hears_that_somebody_waits(cache: RedisCache, claimants: Claimants) -> None:
    async with claimed(cache, ASSET, 1, names(range(2), LARGE), opening=True) as opening:
        await opening.renew()
        assert not opening.wanted
        assert await claimants.run(0, 6, near=-1) == []
        await opening.renew()
        assert opening.wanted == {(LARGE, 0)}


async def test_a_viewer_waits_for_the_opening_and_for_no_other_window(cache: RedisCache, claimants: Claimants) -> None:
    async with claimed(cache, ASSET, 1, names(range(2), LARGE), opening=True):
        assert await claimants.run(0, 6, near=-1) == []
        assert await claimants.run(1, 6, near=-1) == [1, 2, 3, 4, 5]
    await claimants.window(range(10, 16), LARGE)
    assert await claimants.run(10, 16, near=-1) == [10, 11, 12, 13, 14, 15]


async def test_a_run_takes_over_what_a_window_would_make_late(claimants: Claimants) -> None:
    window = await claimants.window(range(4, 12))
    assert await claimants.run(4, 10) == [], "the window is at it now"
    assert await claimants.run(8, 14) == [8, 9, 10, 11, 12, 13]
    await window.renew()
    assert window.lost == names(range(8, 12), LARGE)
    assert window.mine == names(range(4, 12), SMALL) | names(range(4, 8), LARGE)


async def test_a_window_hears_of_what_was_taken_over_and_made_between_two_renewals(
    cache: RedisCache, claimants: Claimants
) -> None:
    window = await claimants.window(range(4, 12), LARGE)
    async with claimed_run(cache, ASSET, 1, LARGE, range(8, 10)) as run:
        await run.landed((LARGE, 8))
    await window.renew()
    assert window.lost == {(LARGE, 8)}
    assert window.mine == names(range(4, 12), LARGE) - window.lost, "what the run did not make falls back"


async def test_how_far_a_window_is_shows_in_what_it_gave_back(claimants: Claimants) -> None:
    window = await claimants.window(range(4, 12))
    assert await claimants.run(6, 8, near=1) == [6, 7]
    for number in range(4, 9):
        await window.landed((LARGE, number))
    assert await claimants.run(10, 12, near=1) == []


async def test_only_the_own_claims_are_given_back(cache: RedisCache, claimants: Claimants) -> None:
    async with claimed(cache, ASSET, 1, names(range(4, 8), LARGE)):
        assert await claimants.run(6, 8) == [6, 7]
    later = await claimants.window(range(4, 8), LARGE)
    assert later.mine == names(range(4, 6), LARGE)


async def test_what_turns_out_to_exist_is_given_back(claimants: Claimants) -> None:
    first = await claimants.window(range(4, 8), LARGE)
    await first.keep({(LARGE, 6), (SMALL, 7)})
    assert first.mine == {(LARGE, 6)}
    assert (await claimants.window(range(4, 8), LARGE)).lost == {(LARGE, 6)}


async def test_a_dead_claimant_is_forgotten(
    cache: RedisCache, claimants: Claimants, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    monkeypatch.setattr(claims, "_MS", 200)
    monkeypatch.setattr(claims, "_RENEWED_S", {"window": 60.0, "run": 60.0})
    await claimants.window(range(4, 8), LARGE)

    async def free() -> bool:
        async with claimed_run(cache, ASSET, 1, LARGE, range(4, 6)) as run:
            return bool(run.mine)

    assert not await free()
    await eventually(free)


class Deaf(Claim):
    """A client whose connection breaks as it is cancelled: the cancellation is lost."""

    async def renew(self) -> None:
        self.wanted.clear()
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            raise CacheUnavailable from None


async def test_nothing_is_claimed_any_more_by_somebody_who_was_cancelled_twice(
    monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    monkeypatch.setattr(claims, "_RENEWED_S", {"window": 0.0})
    claim = Deaf(cache=MemoryCache(), key="x", kind="window", holder="y", wanted={(LARGE, 1)})

    async def work() -> None:
        async with claims._kept(claim):
            await asyncio.get_running_loop().create_future()

    others = asyncio.all_tasks()
    working = asyncio.create_task(work())
    await eventually(lambda: not claim.wanted)
    for _ in range(2):
        working.cancel()
        await asyncio.sleep(0)
    await asyncio.wait([working])
    await eventually(lambda: asyncio.all_tasks() <= others)


async def test_an_emptied_redis_is_filled_again(claimants: Claimants) -> None:
    first = await claimants.window(range(4, 8), LARGE)
    await claimants.cache.delete(claims.key(ASSET, 1))
    second = await claimants.window(range(6, 10), LARGE)
    await first.renew()
    assert first.mine == names(range(4, 6), LARGE)
    assert second.mine == names(range(6, 10), LARGE)


async def test_without_redis_everybody_is_granted_everything() -> None:
    cache = MemoryCache()
    async with (
        claimed(cache, ASSET, 1, names(range(4), LARGE)) as window,
        claimed_run(cache, ASSET, 1, LARGE, range(2, 6)) as run,
    ):
        assert window.mine == names(range(4), LARGE)
        assert run.mine == names(range(2, 6), LARGE)
        assert not window.lost | run.lost
