"""What runs beside the API: takes over captions found in sources, publishes what waits, sweeps what is old.

The signals say "look now"; whoever misses one finds the same in the bucket and in SQL. One process does it, by a lease.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import anyio

from infra.errors import InfraError
from infra.tasks import end
from streaming.catalog.errors import AssetNotFound
from transcoder import signals
from transcoder.captions.found import find_found
from transcoder.windows import captions_task

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from infra.ports import Cache, JobEngine, Lease, ObjectStore
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
        self._every_s = every.total_seconds()
        self._named: set[tuple[AssetId, int]] = set()
        self._woken = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled: try to lead; while leading, sweep. Whatever does not answer is asked again later."""
        while True:
            try:
                async with self._cache.lease(_LEADER, ttl=_LEADER_TTL) as lease:
                    if lease is not None:
                        await self._lead(lease)
            except InfraError as exc:
                log.warning("captions cannot be looked after now", extra={"cause": str(exc)})
            await anyio.sleep(self._every_s)

    async def _lead(self, lease: Lease) -> None:
        async with self._cache.subscribe(signals.EVERYTHING) as messages:
            listening = asyncio.create_task(self._listen(messages))
            try:
                turn = 0
                while not lease.lost:
                    await self.sweep(thorough=turn % _THOROUGH == 0)
                    turn += 1
                    with anyio.move_on_after(self._every_s):
                        await self._woken.wait()
            finally:
                await end(listening)

    async def _listen(self, messages: AsyncIterator[tuple[str, bytes]]) -> None:
        async for channel, message in messages:
            if channel and (signal := signals.load(message)).what == "captions":
                self._named.add((signal.asset, signal.version))
                self._woken.set()

    async def sweep(self, *, thorough: bool = True) -> None:
        """Look at what was named, and publish what waits; if it is thorough, also ask for what nobody has looked for,
        and sweep what is old. Raises errors of the servers."""
        self._woken.clear()
        named, self._named = self._named, set()
        for asset_id, version in named:
            await self._fold(asset_id, version)
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
