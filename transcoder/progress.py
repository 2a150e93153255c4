"""How much of an asset version exists: counted in Redis as objects land, counted in the bucket when Redis forgot.

One hash a version: a field for every object that landed, and `total`. While the bucket is being listed `total` is 0, so
objects that land meanwhile are counted too, and nobody takes the half-filled hash for the answer. A second hash knows
when how much of the work was done, which is what the time left is foretold from.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from infra.errors import CacheUnavailable
from manifests.layout import RenditionId
from transcoder.facts import find_plan
from transcoder.remaining import expected, present
from transcoder.windows import VIDEO
from transcoder.work import Sample, time_left, total_work, work_of

if TYPE_CHECKING:
    from infra.ports import Cache, ObjectStat, ObjectStore
    from manifests.layout import AssetId
    from transcoder.plan import Plan
    from transcoder.remaining import ObjectName

log = logging.getLogger(__name__)

_KEPT: Final = timedelta(hours=6)
_SAMPLES: Final = 200

# KEYS: the hash of what landed, the hash of the pace: `work` done so far, and `trace`, when how much was ("ms work;"),
# a line for each 200th of the whole. Times are Redis's own, for the workers' clocks differ.
_NOTE: Final = """
local function note(field, work)
  if redis.call('HSET', KEYS[1], field, '') == 1 and tonumber(work) > 0 then
    redis.call('HINCRBY', KEYS[2], 'work', work)
  end
end
local function sample()
  local work, last, step = unpack(redis.call('HMGET', KEYS[2], 'work', 'last', 'step'))
  if step and (not last or tonumber(work) - tonumber(last) >= tonumber(step)) then
    local now = redis.call('TIME')
    local line = string.format('%d%03d %d;', now[1], math.floor(now[2] / 1000), work)
    redis.call('HSET', KEYS[2], 'last', work, 'trace', (redis.call('HGET', KEYS[2], 'trace') or '') .. line)
  end
end
local function keep(seconds)
  redis.call('EXPIRE', KEYS[1], seconds)
  redis.call('EXPIRE', KEYS[2], seconds)
end
"""

# ARGV: seconds to keep it; field and work of what landed. Nothing is begun here: a hash that starts in the middle of an
# encode would count too little.
_LANDED: Final = (
    _NOTE
    + """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
note(ARGV[2], ARGV[3])
sample()
keep(ARGV[1])
return 1
"""
)

# Begin to count: from here on LANDED is heard. ARGV: seconds.
_BEGIN: Final = (
    _NOTE
    + """
redis.call('HSETNX', KEYS[1], 'total', '0')
redis.call('HSETNX', KEYS[2], 'work', '0')
keep(ARGV[1])
return 1
"""
)

# ARGV: seconds; objects in all; work in all; work between two samples; field and work of each object in the bucket.
# 0 if Redis was emptied since BEGIN.
_COUNTED: Final = (
    _NOTE
    + """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
for i = 5, #ARGV, 2 do note(ARGV[i], ARGV[i + 1]) end
redis.call('HSET', KEYS[1], 'total', ARGV[2])
redis.call('HSET', KEYS[2], 'whole', ARGV[3], 'step', ARGV[4])
sample()
keep(ARGV[1])
return 1
"""
)

_FIELDS: Final = "return redis.call('HKEYS', KEYS[1])"

_READ: Final = """
local now = redis.call('TIME')
local pace = redis.call('HMGET', KEYS[2], 'work', 'whole', 'trace')
return {redis.call('HLEN', KEYS[1]), redis.call('HGET', KEYS[1], 'total') or '0', pace[1] or '0', pace[2] or '0',
        pace[3] or '', now[1] * 1000 + math.floor(now[2] / 1000)}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Objects of the plan (init sections and segments) that exist, out of all; units of work that they took, of all.

    `left` is when the rest will be done; None while nobody can say.
    """

    done: int
    total: int
    work: int = 0
    whole: int = 0
    left: timedelta | None = None

    @property
    def complete(self) -> bool:
        return 0 < self.total <= self.done

    @property
    def percent(self) -> int:
        """0–100 of the work, rounded down: 100 only when everything is there."""
        if not self.total:
            return 0
        return 100 if self.complete else min(99, 100 * self.work // max(1, self.whole))


class ProgressBoard:
    """Counts what landed. Any process may ask; none has to remember."""

    def __init__(self, *, store: ObjectStore, cache: Cache) -> None:
        self._store = store
        self._cache = cache

    async def landed(self, plan: Plan, rendition: RenditionId, number: int | None) -> None:
        """An object is in the bucket."""
        landed = (_field(rendition, number), work_of(plan, rendition, number))
        try:
            await self._cache.script(_LANDED, known_keys(plan.asset, plan.version), [_SECONDS, *landed])
        except CacheUnavailable as exc:
            # The count stays one too low, until the finish counts in the bucket: no reason to stop an encode.
            log.warning("an object is not counted", extra={"asset": plan.asset, "cause": str(exc)})

    async def progress(self, asset: AssetId, version: int) -> Progress:
        """How far a version is; 0 of 0 as long as it has no plan."""
        try:
            known = await self._read(known_keys(asset, version))
        except CacheUnavailable:
            known = None
        if known is not None:
            return known
        plan = await find_plan(self._store, asset, version)
        return Progress(done=0, total=0) if plan is None else await self._count(plan)

    async def landed_of(self, plan: Plan) -> frozenset[ObjectName]:
        """The objects of a plan that landed, without asking the bucket for each; counted there if nobody knows."""
        try:
            if await self._read(known_keys(plan.asset, plan.version)) is None:
                await self._count(plan)
            fields = await self._cache.script(_FIELDS, [landed_key(plan.asset, plan.version)], [])
        except CacheUnavailable:
            return frozenset(await present(self._store, plan))
        return expected(plan) & {_name_of(field) for field in fields}

    async def recount(self, plan: Plan) -> Progress:
        """Forget what is remembered, and count in the bucket."""
        try:
            await self._cache.delete(*known_keys(plan.asset, plan.version))
        except CacheUnavailable:
            log.warning("a wrong count could not be forgotten", extra={"asset": plan.asset})
        return await self._count(plan)

    async def _count(self, plan: Plan) -> Progress:
        keys, total, whole = known_keys(plan.asset, plan.version), len(expected(plan)), total_work(plan)
        found: dict[ObjectName, ObjectStat] | None = None
        try:
            await self._cache.script(_BEGIN, keys, [_SECONDS])
            found = await present(self._store, plan)
            pairs = [part for name in found for part in (_field(*name), work_of(plan, *name))]
            await self._cache.script(_COUNTED, keys, [_SECONDS, total, whole, whole // _SAMPLES + 1, *pairs])
        except CacheUnavailable:
            # Without Redis every question is a listing.
            found = await present(self._store, plan) if found is None else found
        return Progress(done=len(found), total=total, work=total_work(plan, found), whole=whole)

    async def _read(self, keys: list[str]) -> Progress | None:
        length, total, work, whole, trace, now_ms = await self._cache.script(_READ, keys, [])
        if not int(total):
            return None
        left = time_left(_samples(trace), total=int(whole), now=int(now_ms) / 1000)
        return Progress(done=int(length) - 1, total=int(total), work=int(work), whole=int(whole), left=left)


_SECONDS: Final = int(_KEPT.total_seconds())


def landed_key(asset: AssetId, version: int) -> str:
    """The hash whose fields are what landed (`rendition/number`), and `total`: 0 while it is not complete."""
    return f"channel:landed:{asset}/{version}"


async def known_tracks(cache: Cache, asset: AssetId, version: int) -> frozenset[str]:
    """Of which tracks something has landed. Raises CacheUnavailable."""
    fields = await cache.script(_FIELDS, [landed_key(asset, version)], [])
    return frozenset({VIDEO, *(_name_of(field)[0] for field in fields)} - {""})


def known_keys(asset: AssetId, version: int) -> list[str]:
    """What landed, and how fast."""
    return [landed_key(asset, version), f"channel:pace:{asset}/{version}"]


def _field(rendition: RenditionId, number: int | None) -> str:
    return f"{rendition}/{'init' if number is None else number}"


def _name_of(field: bytes) -> ObjectName:
    rendition, _, number = field.decode().rpartition("/")
    return RenditionId(rendition), int(number) if number.isdecimal() else None


def _samples(trace: bytes) -> tuple[Sample, ...]:
    """The samples as the scripts write them."""
    lines = (line.split() for line in trace.decode("ascii").split(";") if line)
    return tuple(Sample(at=int(at) / 1000, work=int(work)) for at, work in lines)
