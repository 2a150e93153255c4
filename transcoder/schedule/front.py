"""The rolling front: of every asset only what its share of the workers takes on next is in the queue.

A task that begins asks for the next one (`top_up`), and the reconciler for what got lost. Which assets have work that
nobody has queued is noted in Redis, so that all processes take turns by the same list; without Redis each goes on with
the asset it knows. What is left of an asset is told by the bucket (as counted by the progress board), the queue's names
tell who is at it. Two who top up at once may queue two windows that overlap: whoever comes second finds the segments
claimed or made.
"""

from __future__ import annotations

import logging
from collections import deque
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from infra.errors import CacheUnavailable
from infra.ports import Level
from manifests.layout import AssetId
from transcoder.errors import PlanMissing
from transcoder.facts import is_over, read_plan
from transcoder.passes import costs
from transcoder.remaining import expected, left_of, made_by, opening_tasks
from transcoder.schedule.division import Room, divide, merged, rung_groups
from transcoder.schedule.fairness import Waiting, slots_each, turns
from transcoder.windows import VIDEO, assigned, finish_task, tracks, window_task

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from infra.ports import Cache, JobEngine, ObjectStore
    from transcoder.plan import Plan
    from transcoder.progress import ProgressBoard
    from transcoder.remaining import ObjectName
    from transcoder.windows import Window

log = logging.getLogger(__name__)

_KEYS: Final = ("channel:front:waiting", "channel:front:turn")
"""Hash: asset/version → last turn and tenant; and the number of the last turn of all."""
_SPEED_KEPT: Final = timedelta(hours=1)

# ARGV: asset/version, tenant. An asset that is new comes first.
_JOIN: Final = "return redis.call('HSETNX', KEYS[1], ARGV[1], '0 ' .. ARGV[2])"
# ARGV: asset/version, tenant.
_SERVED: Final = "return redis.call('HSET', KEYS[1], ARGV[1], redis.call('INCR', KEYS[2]) .. ' ' .. ARGV[2])"
_LEAVE: Final = "return redis.call('HDEL', KEYS[1], ARGV[1])"
_READ: Final = "return redis.call('HGETALL', KEYS[1])"


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
        mine = Waiting(served=0, asset=plan.asset, version=plan.version, tenant=tenant)
        try:
            await self._cache.script(_JOIN, _KEYS, [_name(mine), tenant])
        except CacheUnavailable as exc:
            log.warning("an asset is not in the list of turns", extra={"asset": plan.asset, "cause": str(exc)})
        await self.top_up(mine)

    async def waiting(self) -> frozenset[tuple[AssetId, int]]:
        """The assets that wait for their turn."""
        return frozenset((each.asset, each.version) for each in await self._waiting(None))

    async def top_up(self, mine: Waiting | None = None) -> None:
        """Queue what the shares call for. `mine`: an asset that has work left, should Redis have forgotten it.

        Raises what the engine and the store raise.
        """
        waiting = await self._waiting(mine)
        slots = max(1, await self._jobs.slots(Level.BULK))
        queued, each_has = await self._queued(waiting), slots_each(waiting, slots=slots)
        candidates: dict[str, deque[Waiting]] = {}
        for each in sorted(waiting):
            candidates.setdefault(each.tenant, deque()).append(each)
        cut: dict[Waiting, Iterator[Window]] = {}
        for tenant in turns(waiting, queued, slots=slots):
            while candidates[tenant]:
                each = candidates[tenant].popleft()
                if each not in cut:
                    cut[each] = iter(await self._cut(each, slots=each_has[tenant], most=slots))
                if (window := next(cut[each], None)) is not None:
                    task = window_task(each.asset, each.version, window, Level.BULK, tenant=tenant)
                    await self._jobs.enqueue(task)
                    await self._note(_SERVED, _name(each), tenant)
                    candidates[tenant].append(each)
                    break
                await self._note(_LEAVE, _name(each))

    async def took(self, plan: Plan, window: Window, seconds: float) -> None:
        """How long a window took, to cut the next ones by."""
        try:
            key = _speed(plan.asset, plan.version, window.track)
            await self._cache.put(key, f"{seconds / window.count:.6f}".encode(), ttl=_SPEED_KEPT)
        except CacheUnavailable:
            log.warning("the speed of an encode is not noted", extra={"asset": plan.asset})

    async def _queued(self, waiting: Iterable[Waiting]) -> dict[str, int]:
        """Tasks in the queue, by tenant. What is queued of an asset that has nothing left counts for nobody."""
        tenants = {_name(each): each.tenant for each in waiting}
        found: dict[str, int] = {}
        for name in await self._jobs.queued(Level.BULK):
            tenant = tenants.get("/".join(name.split("/", 2)[:2]))
            if tenant is not None:
                found[tenant] = found.get(tenant, 0) + 1
        return found

    async def _cut(self, each: Waiting, *, slots: int, most: int) -> list[Window]:
        """The next windows of an asset: of what does not exist and is no task's."""
        if await is_over(self._store, each.asset, each.version):
            return []
        try:
            plan = await read_plan(self._store, each.asset, each.version)
        except PlanMissing:
            return []
        taken = set(await self._board.landed_of(plan))
        for window in assigned(await self._jobs.pending(each.asset)):
            taken |= made_by(plan, window)
        groups = rung_groups(costs(plan, VIDEO).encode) if plan.video is not None else ()
        windows = []
        for track in tracks(plan):
            room = Room(slots=slots, seconds=await self._seconds(each, track))
            windows.append(divide(track, left_of(plan, track, taken), room, groups=groups if track == VIDEO else ()))
        return merged(windows, most)

    async def _seconds(self, each: Waiting, track: str) -> float | None:
        try:
            said = await self._cache.get(_speed(each.asset, each.version, track))
        except CacheUnavailable:
            return None
        return None if said is None else float(said)

    async def _note(self, script: str, *args: str) -> None:
        with suppress(CacheUnavailable):  # the turns get a little uneven
            await self._cache.script(script, _KEYS, args)

    async def _waiting(self, mine: Waiting | None) -> list[Waiting]:
        try:
            read = iter(await self._cache.script(_READ, _KEYS, []))
        except CacheUnavailable:
            return [] if mine is None else [mine]
        found = [_waiting(name, value) for name, value in zip(read, read, strict=True)]
        if mine is not None and all((mine.asset, mine.version) != (each.asset, each.version) for each in found):
            found.append(mine)
        return found


def _name(each: Waiting) -> str:
    return f"{each.asset}/{each.version}"


def _waiting(name: bytes, value: bytes) -> Waiting:
    asset, _, version = name.decode().rpartition("/")
    served, _, tenant = value.decode().partition(" ")
    return Waiting(served=int(served), asset=AssetId(asset), version=int(version), tenant=tenant)


def _speed(asset: AssetId, version: int, track: str) -> str:
    return f"channel:speed:{asset}/{version}/{track}"
