"""The rolling front: of every asset only what its share of the workers takes on next is in the queue.

A task that begins asks for the next one (`top_up`), and the reconciler for what got lost. Which assets have work that
nobody has queued is noted in Redis, so that all processes take turns by the same list; without Redis each goes on with
the asset it knows. What is left of an asset is told by the bucket (as counted by the progress board), the queue's names
tell who is at it. Two who top up at once may queue two windows that overlap: whoever comes second finds the segments
claimed or made.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from infra.errors import CacheUnavailable
from infra.ports import Level
from manifests.layout import AssetId
from transcoder.errors import PlanMissing
from transcoder.facts import is_over, read_plan
from transcoder.passes import Pass, costs
from transcoder.remaining import expected, left_of, made_by, opening_tasks
from transcoder.schedule.division import Room, divide, estimate, merged, rung_groups
from transcoder.schedule.fairness import Turns, Waiting, joining, slots_each
from transcoder.windows import assigned, codec_of, finish_task, tracks, window_from, window_task

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from infra.ports import Cache, JobEngine, ObjectStore
    from transcoder.plan import Plan
    from transcoder.progress import ProgressBoard
    from transcoder.remaining import ObjectName
    from transcoder.windows import Window

log = logging.getLogger(__name__)

_KEYS: Final = ("channel:front:waiting", "channel:front:served")
"""Hashes: asset/version → its tenant's clock after its last turn, and the tenant; tenant → seconds served so far."""
_SPEED_KEPT: Final = timedelta(hours=1)

# ARGV: asset/version, tenant, its clock. An asset that is new comes first.
_JOIN: Final = """
redis.call('HSETNX', KEYS[1], ARGV[1], '0 ' .. ARGV[2])
if tonumber(redis.call('HGET', KEYS[2], ARGV[2]) or -1) < tonumber(ARGV[3]) then
    redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
end
"""
# ARGV: asset/version, tenant, its clock, seconds.
_SERVED: Final = """
local clock = math.max(tonumber(redis.call('HGET', KEYS[2], ARGV[2]) or 0), tonumber(ARGV[3])) + tonumber(ARGV[4])
redis.call('HSET', KEYS[2], ARGV[2], clock)
redis.call('HSET', KEYS[1], ARGV[1], clock .. ' ' .. ARGV[2])
"""
# When nobody waits any more, there is nobody to be compared with.
_LEAVE: Final = """
redis.call('HDEL', KEYS[1], ARGV[1])
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('DEL', KEYS[2]) end
"""
_READ: Final = "return {redis.call('HGETALL', KEYS[1]), redis.call('HGETALL', KEYS[2])}"
_SPEEDS: Final = "return redis.call('MGET', unpack(KEYS))"


class Front:
    """Keeps the queue filled, evenly and not far ahead. Holds nothing: any process may make one."""

    def __init__(self, *, store: ObjectStore, cache: Cache, jobs: JobEngine, board: ProgressBoard) -> None:
        self._store, self._cache, self._jobs, self._board = store, cache, jobs, board

    async def begin(self, plan: Plan, found: Collection[ObjectName], *, tenant: str) -> None:
        """Queue what lacks of an asset: its first windows at once, the rest as its turns come; its finish if nothing
        does. Raises what the engine raises."""
        if expected(plan) <= set(found):
            await self._jobs.enqueue(finish_task(plan.asset, plan.version))
            return
        await self._jobs.enqueue(*opening_tasks(plan, found, tenant=tenant))
        await self.top_up(Waiting(served=0, asset=plan.asset, version=plan.version, tenant=tenant))

    async def waiting(self) -> frozenset[tuple[AssetId, int]]:
        """The assets that wait for their turn."""
        try:
            waiting, _ = await self._read()
        except CacheUnavailable:
            return frozenset()
        return frozenset((each.asset, each.version) for each in waiting)

    async def top_up(self, mine: Waiting | None = None) -> None:
        """Queue as much as the slots take on next. `mine`: an asset that may have work left, and not be in the list.

        Raises what the engine and the store raise.
        """
        waiting, served = await self._with(mine)
        slots = max(1, await self._jobs.slots(Level.BULK))
        each_has = slots_each(waiting, slots=slots)
        free = slots - len(await self._queued(waiting))
        turns = Turns(waiting, served)
        cut: dict[str, Iterator[tuple[Window, float]]] = {}
        while free > 0 and (each := turns.next()) is not None:
            name = _name(each)
            if name not in cut:
                cut[name] = await self._cut(each, slots=each_has[each.tenant])
            window, seconds = next(cut[name], (None, 0.0))
            if window is None:
                await self._note(_LEAVE, name)
                continue
            await self._jobs.enqueue(window_task(each.asset, each.version, window, Level.BULK, tenant=each.tenant))
            await self._note(_SERVED, name, each.tenant, turns.clocks[each.tenant], seconds)
            turns.served(each, seconds)
            free -= 1

    async def took(self, plan: Plan, window: Window, seconds: float) -> None:
        """How long a window took, to cut the next ones by."""
        if window.rungs is not None:
            prices = costs(plan, window.track)
            made = Pass(first=window.first, count=window.count, renditions=frozenset(window.rungs))
            seconds *= prices.of(replace(made, renditions=frozenset(prices.encode))) / prices.of(made)
        try:
            key = speed_key(f"{plan.asset}/{plan.version}", window.track)
            await self._cache.put(key, f"{seconds / window.count:.6f}".encode(), ttl=_SPEED_KEPT)
        except CacheUnavailable:
            log.warning("the speed of an encode is not noted", extra={"asset": plan.asset})

    async def _queued(self, waiting: Iterable[Waiting]) -> list[tuple[Waiting, str]]:
        """The tasks in the queue: whose they are, what they make. What is queued of an asset that has nothing left is
        left out."""
        assets = {_name(each): each for each in waiting}
        found = []
        for task in await self._jobs.queued(Level.BULK):
            asset, version, made = task.split("/", 2)
            if (each := assets.get(f"{asset}/{version}")) is not None:
                found.append((each, made))
        return found

    async def _ahead(self, waiting: Iterable[Waiting]) -> dict[str, float]:
        """The seconds that those tasks will probably take, by tenant."""
        found = [(each, window_from(made)) for each, made in await self._queued(waiting)]
        speeds = await self._speeds(
            {speed_key(_name(each), window.track) for each, window in found if window is not None}
        )
        ahead: dict[str, float] = {}
        for each, window in found:
            speed = None if window is None else speeds.get(speed_key(_name(each), window.track))
            ahead[each.tenant] = ahead.get(each.tenant, 0.0) + estimate(window, speed)
        return ahead

    async def _cut(self, each: Waiting, *, slots: int) -> Iterator[tuple[Window, float]]:
        """The next windows of an asset, of what does not exist and is no task's, with the seconds they may take."""
        if await is_over(self._store, each.asset, each.version):
            return iter(())
        try:
            plan = await read_plan(self._store, each.asset, each.version)
        except PlanMissing:
            return iter(())
        taken = set(await self._board.landed_of(plan))
        for window in assigned(await self._jobs.pending(each.asset), version=each.version):
            taken |= made_by(plan, window)
        keys = {track: speed_key(_name(each), track) for track in tracks(plan)}
        speeds = await self._speeds(keys.values())
        windows = []
        for track, key in keys.items():
            room = Room(slots=slots, seconds=speeds.get(key))
            groups = rung_groups(costs(plan, track).encode) if codec_of(track) else ()
            windows.append(divide(track, left_of(plan, track, taken), room, groups=groups))
        return ((window, estimate(window, speeds.get(keys[window.track]))) for window in merged(windows))

    async def _speeds(self, keys: Collection[str]) -> dict[str, float]:
        """Seconds that a segment took lately, by key, as far as anybody knows."""
        with suppress(CacheUnavailable):
            if keys:
                said = await self._cache.script(_SPEEDS, list(keys), [])
                return {key: float(each) for key, each in zip(keys, said, strict=True) if each is not None}
        return {}

    async def _note(self, script: str, *args: str | float) -> None:
        with suppress(CacheUnavailable):  # the turns get a little uneven
            await self._cache.script(script, _KEYS, args)

    async def _read(self) -> tuple[list[Waiting], dict[str, float]]:
        """The assets that wait, and the tenants' clocks. Raises CacheUnavailable."""
        waiting, served = await self._cache.script(_READ, _KEYS, [])
        found = [_waiting(name, value) for name, value in _pairs(waiting)]
        return found, {tenant.decode(): float(seconds) for tenant, seconds in _pairs(served)}

    async def _with(self, mine: Waiting | None) -> tuple[list[Waiting], dict[str, float]]:
        """The same, with one that joins them if it is not there."""
        try:
            found, served = await self._read()
            if mine is None or any((mine.asset, mine.version) == (each.asset, each.version) for each in found):
                return found, served
            clock = joining(mine.tenant, found, served=served, queued=await self._ahead(found))
            await self._cache.script(_JOIN, _KEYS, [_name(mine), mine.tenant, clock])
        except CacheUnavailable as exc:
            if mine is None:
                return [], {}
            log.warning("an asset is not in the list of turns", extra={"asset": mine.asset, "cause": str(exc)})
            return [mine], {}
        return [*found, mine], {**served, mine.tenant: clock}


def _pairs(flat: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    read = iter(flat)
    return zip(read, read, strict=True)


def _name(each: Waiting) -> str:
    return f"{each.asset}/{each.version}"


def _waiting(name: bytes, value: bytes) -> Waiting:
    asset, _, version = name.decode().rpartition("/")
    served, _, tenant = value.decode().partition(" ")
    return Waiting(served=float(served), asset=AssetId(asset), version=int(version), tenant=tenant)


def speed_key(name: str, track: str) -> str:
    """Where it is noted how fast a track of `asset/version` is encoded."""
    return f"channel:speed:{name}/{track}"
