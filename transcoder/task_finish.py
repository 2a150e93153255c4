"""The task "finish": everything is there; sizes, static playlists, ready.json."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from infra.errors import ObjectNotFound
from manifests import layout
from transcoder import signals
from transcoder.facts import find_loudness, find_plan, read_profile
from transcoder.finish import finish
from transcoder.publish import announce
from transcoder.task_context import held, subject
from transcoder.task_stills import draw_once
from transcoder.windows import loudness_task

if TYPE_CHECKING:
    from infra.ports import Attempt
    from transcoder.parts import TranscoderParts
    from transcoder.plan import Plan


async def complete(parts: TranscoderParts, attempt: Attempt) -> None:
    """Raises LeaseLost, RetryLater, and what the servers raise."""
    asset, version = subject(attempt)
    plan = await find_plan(parts.store, asset, version)
    if plan is None:
        return  # gone; or all is made of what has arrived by now
    if await _is_unheard(parts, plan):
        # It asks for the finish when it is done.
        await parts.jobs.enqueue(loudness_task(asset, version, tenant=attempt.task.tenant))
        return
    async with held(parts, attempt):
        with suppress(ObjectNotFound):  # something is missing: the finish finds out what
            await draw_once(parts, plan, last=attempt.last)
        found = await finish(parts.store, plan)
    if found is not None:
        await parts.board.recount(plan)
        await parts.front.begin(plan, found, tenant=attempt.task.tenant)
    else:
        # By now everybody knows the plan of the whole.
        await parts.store.delete([layout.growing(asset, version)])
        await announce(parts.cache, signals.Signal(what="ready", asset=asset, version=version))


async def _is_unheard(parts: TranscoderParts, plan: Plan) -> bool:
    """Whether nobody has measured yet how loud its sound is, though it should have a level."""
    if not plan.audio or (await read_profile(parts.store, plan.asset, plan.version)).loudness is None:
        return False
    return await find_loudness(parts.store, plan.asset, plan.version) is None
