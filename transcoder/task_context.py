"""What the handlers of all kinds of tasks share: whom a task is about, its lease, its source."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from manifests.layout import AssetId
from transcoder.errors import PlanMissing
from transcoder.leases import leased
from transcoder.sources.spans import SMALL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from infra.ports import Attempt, Lease
    from transcoder.parts import TranscoderParts
    from transcoder.sources.source import OpenSource


def subject(attempt: Attempt) -> tuple[AssetId, int]:
    """The asset version that a task is about."""
    return AssetId(str(attempt.task.arguments["asset"])), int(attempt.task.arguments["version"])


def held(parts: TranscoderParts, attempt: Attempt) -> AbstractAsyncContextManager[Lease]:
    """The lease of what the task makes. Raises RetryLater, LeaseLost."""
    return leased(parts.cache, attempt.task.name, ttl=parts.settings.lease)


@asynccontextmanager
async def opened(parts: TranscoderParts, asset: AssetId, version: int) -> AsyncIterator[OpenSource]:
    """A source that is whole, to be read at random; if it is small it is fetched. Raises PlanMissing when it is gone:
    nothing can come of the task any more."""
    async with parts.sources.open(asset, version) as source:
        if not source.source.whole:
            raise PlanMissing(f"the source of {asset} version {version} has not arrived")
        if source.lacking() <= SMALL:
            await source.ensure()
        yield source
