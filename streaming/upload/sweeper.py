"""The loop that sweeps uploads: in every API process, at work in the one that holds the lease."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from infra.errors import InfraError

if TYPE_CHECKING:
    from infra.ports import Cache
    from streaming.upload.service import Uploads

_log = logging.getLogger(__name__)

_LEADER: Final = "channel:lease:upload-sweeper"
_LEADER_TTL: Final = timedelta(seconds=30)


async def sweep_uploads(uploads: Uploads, cache: Cache, *, every: timedelta = timedelta(seconds=30)) -> None:
    """Sweep until cancelled. What fails is tried again in the next round; a sweep by two processes does no harm."""
    while True:
        try:
            async with cache.lease(_LEADER, ttl=_LEADER_TTL) as lease:
                if lease is not None:
                    swept = await uploads.sweep()
                    if swept.finished or swept.expired:
                        _log.info("uploads swept: %d finished, %d thrown away", swept.finished, swept.expired)
        except InfraError as exc:
            _log.warning("uploads not swept this time: %s", exc)
        await asyncio.sleep(every.total_seconds())
