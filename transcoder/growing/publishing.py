"""Making a growing plan known: in the bucket, to whoever waits for it, and to the queue."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Self

from infra.tasks import end
from transcoder import signals
from transcoder.facts import write_growing
from transcoder.publish import announce
from transcoder.schedule.fairness import Waiting

if TYPE_CHECKING:
    from infra.ports import Attempt
    from transcoder.parts import TranscoderParts
    from transcoder.plan import Plan

_PACE_S: Final = 1.0
_OPENING: Final = 20
"""Segments of a plan among which are the first windows of every track."""


class Publishing:
    """Publishes the latest plan that was offered, at once if it is the first, else once a second."""

    def __init__(self, parts: TranscoderParts, attempt: Attempt, published: Plan | None) -> None:
        """`published`: by an earlier run."""
        self._parts, self._tenant = parts, attempt.task.tenant
        self._front = parts.front
        self._latest = self._published = published
        self._offered = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def offer(self, plan: Plan) -> None:
        """Raises what the publication of an earlier plan raised."""
        if self._task is not None and self._task.done():
            self._task.result()
        self._latest = plan
        self._offered.set()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._task is not None:
            await end(self._task)

    async def _run(self) -> None:
        while True:
            await self._offered.wait()
            self._offered.clear()
            if self._latest is not None and self._latest != self._published:
                await self._publish(self._latest)
                await asyncio.sleep(_PACE_S)

    async def _publish(self, plan: Plan) -> None:
        await write_growing(self._parts.store, plan)
        if self._published is None:
            await announce(self._parts.cache, signals.Signal(what="plan", asset=plan.asset, version=plan.version))
        self._published = plan
        if min(plan.renditions().values()) <= _OPENING:
            await self._front.begin(plan, await self._parts.board.landed_of(plan), tenant=self._tenant)
        else:
            await self._front.top_up(
                Waiting(served=0, asset=plan.asset, version=plan.version, tenant=self._tenant)
            )  # fmt: skip
