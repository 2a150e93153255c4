"""How much of an asset version exists: counted in Redis as objects land, counted in the bucket when Redis forgot.

One hash a version: a field for every object that landed, and `total`. While the bucket is being listed `total` is 0, so
objects that land meanwhile are counted too, and nobody takes the half-filled hash for the answer.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from infra.errors import CacheUnavailable
from transcoder.facts import find_plan
from transcoder.remaining import expected, present

if TYPE_CHECKING:
    from infra.ports import Cache, ObjectStat, ObjectStore
    from manifests.layout import AssetId, RenditionId
    from transcoder.plan import Plan
    from transcoder.remaining import ObjectName

log = logging.getLogger(__name__)

_KEPT: Final = timedelta(hours=6)

# KEYS[1] the hash; ARGV[1] seconds to keep it; ARGV[2…] fields that landed. Nothing is begun here: a hash that starts
# in the middle of an encode would count too little.
_LANDED: Final = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
for i = 2, #ARGV do redis.call('HSET', KEYS[1], ARGV[i], '') end
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
"""

# Begin to count: from here on LANDED is heard.
_BEGIN: Final = """
redis.call('HSETNX', KEYS[1], 'total', '0')
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
"""

# ARGV[1] seconds; ARGV[2] total; ARGV[3…] fields found in the bucket. 0 if Redis was emptied since BEGIN.
_COUNTED: Final = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
for i = 3, #ARGV do redis.call('HSET', KEYS[1], ARGV[i], '') end
redis.call('HSET', KEYS[1], 'total', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
"""

_READ: Final = """
return {redis.call('HLEN', KEYS[1]), redis.call('HGET', KEYS[1], 'total') or '0'}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Objects of the plan (init sections and segments) that exist, out of all."""

    done: int
    total: int

    @property
    def complete(self) -> bool:
        return 0 < self.total <= self.done

    @property
    def percent(self) -> int:
        """0–100, rounded down: 100 only when everything is there."""
        return 100 * min(self.done, self.total) // self.total if self.total else 0


class ProgressBoard:
    """Counts what landed. Any process may ask; none has to remember."""

    def __init__(self, *, store: ObjectStore, cache: Cache) -> None:
        self._store = store
        self._cache = cache

    async def landed(self, plan: Plan, rendition: RenditionId, number: int | None) -> None:
        """An object is in the bucket."""
        try:
            await self._cache.script(
                _LANDED, [_key(plan.asset, plan.version)], [_SECONDS, _field(rendition, number)]
            )  # fmt: skip
        except CacheUnavailable as exc:
            # The count stays one too low, until the finish counts in the bucket: no reason to stop an encode.
            log.warning("an object is not counted", extra={"asset": plan.asset, "cause": str(exc)})

    async def progress(self, asset: AssetId, version: int) -> Progress:
        """How far a version is; 0 of 0 as long as it has no plan."""
        try:
            known = await self._read(_key(asset, version))
        except CacheUnavailable:
            known = None
        if known is not None:
            return known
        plan = await find_plan(self._store, asset, version)
        return Progress(done=0, total=0) if plan is None else await self._count(plan)

    async def recount(self, plan: Plan) -> Progress:
        """Forget what is remembered, and count in the bucket."""
        try:
            await self._cache.delete(_key(plan.asset, plan.version))
        except CacheUnavailable:
            log.warning("a wrong count could not be forgotten", extra={"asset": plan.asset})
        return await self._count(plan)

    async def _count(self, plan: Plan) -> Progress:
        key, total = _key(plan.asset, plan.version), len(expected(plan))
        found: dict[ObjectName, ObjectStat] | None = None
        try:
            await self._cache.script(_BEGIN, [key], [_SECONDS])
            found = await present(self._store, plan)
            fields = [_field(rendition, number) for rendition, number in found]
            await self._cache.script(_COUNTED, [key], [_SECONDS, total, *fields])
        except CacheUnavailable:
            # Without Redis every question is a listing.
            found = await present(self._store, plan) if found is None else found
        return Progress(done=len(found), total=total)

    async def _read(self, key: str) -> Progress | None:
        length, total = await self._cache.script(_READ, [key], [])
        return Progress(done=int(length) - 1, total=int(total)) if int(total) else None


_SECONDS: Final = int(_KEPT.total_seconds())


def _key(asset: AssetId, version: int) -> str:
    return f"channel:landed:{asset}/{version}"


def _field(rendition: RenditionId, number: int | None) -> str:
    return f"{rendition}/{'init' if number is None else number}"
