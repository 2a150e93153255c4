"""The lease of one piece of work: taken or put off, and the work ends when it is lost."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import anyio

from infra.ports import RetryLater
from transcoder.errors import LeaseLost

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from infra.ports import Cache, Lease

_HELD: Final = timedelta(seconds=1)
_LOOK_S: Final = 0.25


@asynccontextmanager
async def leased(cache: Cache, name: str, *, ttl: timedelta) -> AsyncIterator[Lease]:
    """Hold the lease of a piece of work while the body runs.

    Raises RetryLater when somebody else holds it: he may be alive, and make it, or dead, and his lease runs out. The
    body is cancelled, and LeaseLost raised, when the lease is lost.
    """
    async with cache.lease(f"channel:lease:{name}", ttl=ttl) as lease:
        if lease is None:
            raise RetryLater(_HELD)
        failure: Exception | None = None
        async with anyio.create_task_group() as group:
            group.start_soon(_watch, lease, group.cancel_scope)
            # Kept from the task group, which would wrap it.
            try:
                yield lease
            except Exception as exc:
                failure = exc
            group.cancel_scope.cancel()
        if failure is not None:
            raise failure
        if lease.lost:
            raise LeaseLost(f"the lease of {name} is lost")


async def _watch(lease: Lease, work: anyio.CancelScope) -> None:
    while not lease.lost:  # noqa: ASYNC110 - the port has a flag, no event
        await anyio.sleep(_LOOK_S)
    work.cancel()
