"""Pictures of slates that no channel names: of whoever was killed while one was sent, or a channel deleted."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from infra.errors import InfraError
from manifests import layout

if TYPE_CHECKING:
    from infra.ports import Cache, ObjectStore
    from streaming.clock import Clock
    from streaming.live.channels.service import Channels

log = logging.getLogger(__name__)

_LEASE: Final = "channel:lease:slates"
_TTL: Final = timedelta(seconds=30)
_EVERY: Final = timedelta(hours=1)
_SETTLED: Final = timedelta(hours=1)
"""What is older is named by its channel, or will never be."""


async def sweep_slates(store: ObjectStore, channels: Channels, *, clock: Clock) -> int:
    """Delete them; how many they were. Raises what the servers raise."""
    settled = [stat.key async for stat in store.list(layout.SLATES) if clock() - stat.modified > _SETTLED]
    named = {layout.slate(channel.id, channel.slate) for channel in await channels.list() if channel.slate}
    doomed = [key for key in settled if key not in named]
    await store.delete(doomed)
    return len(doomed)


async def keep_sweeping(
    store: ObjectStore, channels: Channels, cache: Cache, *, clock: Clock, every: timedelta = _EVERY
) -> None:  # fmt: skip
    """Until cancelled; what fails is tried again in the next round."""
    while True:
        try:
            async with cache.lease(_LEASE, ttl=_TTL) as lease:
                if lease is not None and (swept := await sweep_slates(store, channels, clock=clock)):
                    log.info("slates swept: %d", swept)
        except InfraError as exc:
            log.warning("slates not swept this time: %s", exc)
        await asyncio.sleep(every.total_seconds())
