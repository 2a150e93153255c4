"""What runs beside the API: takes over captions found in sources, publishes what waits, sweeps what is old.

The signals say "look now"; whoever misses one finds the same in the bucket and in SQL. One process does it, by a lease.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from infra.errors import InfraError
from infra.leader import Leader
from streaming.catalog.errors import AssetNotFound
from transcoder import signals
from transcoder.captions.found import find_found
from transcoder.windows import captions_task

if TYPE_CHECKING:
    from infra.ports import Cache, JobEngine, ObjectStore
    from manifests.layout import AssetId
    from streaming.captions.publisher import Publisher
    from streaming.captions.service import Captions

log = logging.getLogger(__name__)

_LEADER: Final = "channel:lease:captions"
_LEADER_TTL: Final = timedelta(seconds=10)
_THOROUGH: Final = 15


class Keeper:
    """Runs in every API process; works in the one that leads."""

    def __init__(
        self, *, store: ObjectStore, cache: Cache, jobs: JobEngine, captions: Captions, publisher: Publisher,
        every: timedelta = timedelta(seconds=2),
    ) -> None:  # fmt: skip
        self._store = store
        self._cache = cache
        self._jobs = jobs
        self._captions = captions
        self._publisher = publisher
        self._every = every

    async def run(self) -> None:
        """Until cancelled: lead, or stand by."""
        await Leader(
            self, cache=self._cache, lease=_LEADER, ttl=_LEADER_TTL, channel=signals.EVERYTHING, every=self._every,
            thorough=_THOROUGH,
        ).run()  # fmt: skip

    def named(self, message: bytes) -> tuple[AssetId, int] | None:
        """The asset, and the version of its source, in which a signal says captions were searched for."""
        signal = signals.load(message)
        return (signal.asset, signal.version) if signal.what == "captions" else None

    async def look(self, name: tuple[AssetId, int]) -> None:
        """Take over what was found in a source, and have viewers see it."""
        await self._fold(*name)
        await self._publisher.publish(name[0])

    async def sweep(self, *, thorough: bool = True) -> None:
        """Publish what waits; if it is thorough, also ask for what nobody has looked for, and sweep what is old. Raises
        errors of the servers."""
        if thorough:
            for asset_id, version, owner in await self._captions.unsearched():
                if not await self._fold(asset_id, version):
                    await self._jobs.enqueue(captions_task(asset_id, version, tenant=owner))
            await self._publisher.sweep()
        for asset_id in await self._captions.waiting():
            try:
                await self._publisher.publish(asset_id)
            except InfraError:
                raise
            except Exception:
                # One asset that cannot be understood must not hold up the others.
                log.exception("captions cannot be published", extra={"asset": asset_id})

    async def _fold(self, asset_id: AssetId, version: int) -> bool:
        """Take over what was found in a source; whether anybody has looked into it."""
        found = await find_found(self._store, asset_id, version)
        if found is None:
            return False
        try:
            await self._captions.fold(asset_id, version, found)
        except AssetNotFound:
            log.info("captions of an asset that is gone", extra={"asset": asset_id})
        return True
