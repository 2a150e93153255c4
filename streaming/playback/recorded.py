"""What viewers wait for of what was live: it is made here, in moments, as far as it needs no encoder."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from transcoder.errors import OutputBroken
from transcoder.live.recording.at_once import needs_no_encoder, take
from transcoder.publish import Publisher

if TYPE_CHECKING:
    from infra.ports import Cache, ObjectStore
    from manifests.layout import RenditionId
    from streaming.playback.arrivals import Wanting
    from transcoder.live.recording.taking import Objects
    from transcoder.plan import Plan
    from transcoder.progress import ProgressBoard

log: Final = logging.getLogger("channel.playback")


class TakenAtOnce:
    """Asks `demand` for all else."""

    def __init__(self, demand: Wanting, *, store: ObjectStore, cache: Cache, board: ProgressBoard) -> None:
        self._demand, self._store, self._cache, self._board = demand, store, cache, board

    async def want(self, plan: Plan, rendition: RenditionId, number: int | None) -> None:
        """Raises what the store raises, and what `demand` does."""
        if not await self.make(plan, rendition, number):
            await self._demand.want(plan, rendition, number)

    async def keep_ahead(self, plan: Plan, rendition: RenditionId, number: int) -> None:
        """Nothing has to be ahead of a viewer who would not wait for it."""
        if not needs_no_encoder(plan):
            await self._demand.keep_ahead(plan, rendition, number)

    async def make(
        self, plan: Plan, rendition: RenditionId, number: int | None, *, objects: Objects | None = None
    ) -> bool:
        """A segment, or an init section, if there is all of it among the `objects`. Raises what the store raises."""
        if plan.recorded is None or plan.protection is not None:
            return False
        publisher = Publisher(plan=plan, store=self._store, cache=self._cache, board=self._board)
        try:
            return await take(objects or self._store, plan, rendition, number, publisher)
        except OutputBroken:
            log.exception("a live segment cannot be taken over", extra={"asset": plan.asset})
            return False
