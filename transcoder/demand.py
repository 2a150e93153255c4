"""Just-in-time: somebody waits for a segment that does not exist yet, so its window moves to the front.

An already queued task's priority can't be raised; its urgent twin, of the same name and a more urgent level, overtakes
it. A hundred requests for a window are one encode: the first marks the window in Redis, the engine knows the twin by
its name, the worker encodes under the window's lease.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from infra.ports import Level
from transcoder.windows import window_of, window_task

if TYPE_CHECKING:
    from infra.ports import Cache, JobEngine
    from manifests.layout import RenditionId
    from transcoder.plan import Plan

_ASKED: Final = timedelta(seconds=2)


class Demand:
    """Asks the workers for what a viewer waits for."""

    def __init__(self, *, cache: Cache, jobs: JobEngine) -> None:
        self._cache = cache
        self._jobs = jobs

    async def want(self, plan: Plan, rendition: RenditionId, number: int | None) -> None:
        """Ask for a segment, or for the init section (None: it comes with the rendition's first segments).

        Returns as soon as it is asked; the object's signal says when it is there. Asking again is cheap and right:
        after two seconds without the object the queue is told again, should it have lost the first call.
        Raises KeyError or IndexError for what the plan lacks.
        """
        wanted = 0 if number is None else number
        window = window_of(plan, rendition, wanted)
        task = window_task(plan.asset, plan.version, window, Level.JUST_IN_TIME, wanted=(rendition, wanted))
        mark = f"channel:demand:{task.name}"
        if not await self._cache.put(mark, b"", ttl=_ASKED, only_if_absent=True):
            return
        try:
            await self._jobs.enqueue(task)
        except BaseException:
            await self._cache.delete(mark)
            raise
