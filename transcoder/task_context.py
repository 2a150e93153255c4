"""What the handlers of all kinds of tasks share: whom a task is about, its lease, its source."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from infra.errors import ObjectNotFound
from manifests.layout import AssetId
from transcoder.errors import PlanMissing
from transcoder.leases import leased
from transcoder.sources.pieces import find_source

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from infra.ports import Attempt, Lease
    from transcoder.parts import TranscoderParts


def subject(attempt: Attempt) -> tuple[AssetId, int]:
    """The asset version that a task is about."""
    return AssetId(str(attempt.task.arguments["asset"])), int(attempt.task.arguments["version"])


def held(parts: TranscoderParts, attempt: Attempt) -> AbstractAsyncContextManager[Lease]:
    """The lease of what the task makes. Raises RetryLater, LeaseLost."""
    return leased(parts.cache, attempt.task.name, ttl=parts.settings.lease)


@asynccontextmanager
async def opened(parts: TranscoderParts, asset: AssetId, version: int) -> AsyncIterator[Path]:
    """The source as a local file. Raises PlanMissing when it is gone: then nothing can come of the task any more."""
    source = await find_source(parts.store, asset, version)
    if source is None or not source.whole:
        raise PlanMissing(f"the source of {asset} version {version} is gone")
    try:
        async with parts.sources.open(source.pieces[0].key) as path:
            yield path
    except ObjectNotFound as exc:
        raise PlanMissing(f"the source of {asset} version {version} is gone") from exc
