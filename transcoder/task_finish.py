"""The task "finish": everything is there; sizes, static playlists, ready.json."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcoder import signals
from transcoder.facts import read_plan
from transcoder.finish import finish
from transcoder.publish import announce
from transcoder.task_context import held, subject

if TYPE_CHECKING:
    from infra.ports import Attempt
    from transcoder.parts import TranscoderParts


async def complete(parts: TranscoderParts, attempt: Attempt) -> None:
    """Raises PlanMissing, LeaseLost, RetryLater, and what the servers raise."""
    asset, version = subject(attempt)
    plan = await read_plan(parts.store, asset, version)
    async with held(parts, attempt):
        missing = await finish(parts.store, plan)
    if missing:
        await parts.board.recount(plan)
        await parts.jobs.enqueue(*missing)
    else:
        await announce(parts.cache, signals.Signal(what="ready", asset=asset, version=version))
