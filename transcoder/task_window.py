"""The task "window": encode what the bucket lacks of it; whoever makes the last object asks for the finish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.ports import Level
from manifests.layout import RenditionId
from transcoder import signals
from transcoder.errors import PlanMissing
from transcoder.facts import read_plan
from transcoder.publish import announce
from transcoder.remaining import made_by
from transcoder.task_context import held, opened, subject
from transcoder.window_work import existing, make_window, start_of
from transcoder.windows import finish_task, windows

if TYPE_CHECKING:
    from infra.ports import Attempt
    from transcoder.parts import TranscoderParts
    from transcoder.plan import Plan
    from transcoder.windows import Window


async def window(parts: TranscoderParts, attempt: Attempt) -> None:
    """Raises PlanMissing, LeaseLost, RetryLater, and what the encoders and the servers raise."""
    asset, version = subject(attempt)
    plan = await read_plan(parts.store, asset, version)
    named = _window(plan, attempt)
    if await existing(parts.store, plan, named) != made_by(plan, named):
        # The most urgent has the cores; what nobody waits for yet has what is left of them.
        niceness = {Level.BULK: parts.settings.bulk_nice, Level.FIRST: parts.settings.bulk_nice // 4}
        nice = niceness.get(attempt.task.level, 0)
        async with held(parts, attempt) as lease, opened(parts, asset, version) as source:
            wanted = _wanted(attempt) or start_of(plan, named)
            await make_window(parts, plan, named, source=source, lease=lease, wanted=wanted, nice=nice)
        await announce(parts.cache, signals.Signal(what="window", asset=asset, version=version))
    if (await parts.board.progress(asset, version)).complete:
        await parts.jobs.enqueue(finish_task(asset, version))


def _window(plan: Plan, attempt: Attempt) -> Window:
    arguments = attempt.task.arguments
    for each in windows(plan):
        if (each.track, each.index) == (arguments["track"], arguments["window"]):
            return each
    raise PlanMissing(f"{attempt.task.name} is not of this plan")


def _wanted(attempt: Attempt) -> tuple[RenditionId, int] | None:
    """The segment that somebody waits for."""
    arguments = attempt.task.arguments
    return (RenditionId(str(arguments["rendition"])), int(arguments["number"])) if "number" in arguments else None
