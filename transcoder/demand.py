"""Just in time: somebody waits for a segment that does not exist, or will soon.

What is asked for is a run from exactly that segment on. A hundred requests for it are one run: the first marks it in
Redis, the engine knows the task by its name, and whoever runs it looks who makes the segment already.
"""

from __future__ import annotations

from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING, Final

from infra.ports import Level
from transcoder.progress import landed_key
from transcoder.schedule import claims
from transcoder.windows import opening, run_task, track_of

if TYPE_CHECKING:
    from infra.ports import Cache, JobEngine
    from manifests.layout import RenditionId
    from transcoder.plan import Plan

_ASKED: Final = timedelta(seconds=2)
_LOOKED_S: Final = 2.0
_REMEMBERED: Final = 10_000
_AHEAD: Final = 3
"""Segments that are looked at ahead of a viewer: time enough to make the first of them."""

# KEYS: what landed, claims. ARGV: rendition, first, end. The first segment of these that does not exist and that nobody
# makes; -1 if there is none, or if nobody has counted what exists.
_GAP: Final = """
if (redis.call('HGET', KEYS[1], 'total') or '0') == '0' then return -1 end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
for number = tonumber(ARGV[2]), ARGV[3] - 1 do
  local field = ARGV[1] .. '/' .. number
  if redis.call('HEXISTS', KEYS[1], field) == 0 then
    local claim = redis.call('HGET', KEYS[2], field)
    if not claim or tonumber(string.match(claim, '%d+$')) <= now then return number end
  end
end
return -1
"""


class Demand:
    """Asks the workers for what viewers wait for, and for what they will."""

    def __init__(self, *, cache: Cache, jobs: JobEngine) -> None:
        self._cache = cache
        self._jobs = jobs
        self._looked: dict[tuple[str, int, str, int], float] = {}

    async def want(self, plan: Plan, rendition: RenditionId, number: int | None) -> None:
        """Ask for a segment, or for the init section (None: it comes with the rendition's first segments).

        Returns as soon as it is asked; the object's signal says when it is there. Asking again is cheap and right:
        after two seconds without the object the queue is told again, should it have lost the first call.
        Raises KeyError or IndexError for what the plan lacks.
        """
        wanted = 0 if number is None else number
        if not 0 <= wanted < plan.renditions()[rendition]:
            raise IndexError(wanted)
        await self._ask(plan, rendition, wanted, Level.JUST_IN_TIME)

    async def keep_ahead(self, plan: Plan, rendition: RenditionId, number: int) -> None:
        """Somebody plays a segment that exists: ask for the next ones, if nobody makes them.

        One question to Redis, once in two seconds for a segment and process. What is asked for does not take the place
        of what is waited for. Raises CacheUnavailable, EngineUnavailable.
        """
        now = monotonic()
        asked = (plan.asset, plan.version, rendition, number)
        if self._looked.get(asked, 0.0) > now:
            return
        if len(self._looked) >= _REMEMBERED:
            self._looked = {each: until for each, until in self._looked.items() if until > now}
        self._looked[asked] = now + _LOOKED_S
        # The first windows are queued as soon as there is a plan.
        track = track_of(plan, rendition)
        first = max([number + 1, *(window.numbers.stop for window in opening(plan) if window.track == track)])
        end = min(number + 1 + _AHEAD, plan.renditions()[rendition])
        keys = [landed_key(plan.asset, plan.version), claims.key(plan.asset, plan.version)]
        gap = int(await self._cache.script(_GAP, keys, [rendition, first, end]))
        if gap >= 0:
            await self._ask(plan, rendition, gap, Level.FIRST)

    async def _ask(self, plan: Plan, rendition: RenditionId, number: int, level: Level) -> None:
        task = run_task(plan.asset, plan.version, rendition, number, level)
        mark = f"channel:demand:{task.name}/{level.name}"
        if not await self._cache.put(mark, b"", ttl=_ASKED, only_if_absent=True):
            return
        try:
            await self._jobs.enqueue(task)
        except BaseException:
            await self._cache.delete(mark)
            raise
