"""The task "window": encode what the bucket lacks of it; whoever makes the last object asks for the finish."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from infra.ports import Level, RetryLater
from transcoder import signals
from transcoder.errors import PlanMissing
from transcoder.facts import read_plan
from transcoder.finish import sweep_late
from transcoder.live.recording.excerpt import excerpt_of
from transcoder.planned import look_into
from transcoder.priority import Priority, niceness
from transcoder.publish import announce
from transcoder.remaining import made_by, renditions_of
from transcoder.schedule.claims import claimed
from transcoder.schedule.fairness import Waiting
from transcoder.task_context import subject
from transcoder.window_work import Work, existing
from transcoder.windows import begins_play, finish_task, tracks, was_live, window_of

if TYPE_CHECKING:
    from infra.ports import Attempt
    from transcoder.parts import TranscoderParts
    from transcoder.plan import Plan
    from transcoder.windows import Window

_MADE_BY_OTHERS: Final = timedelta(seconds=2)


async def window(parts: TranscoderParts, attempt: Attempt) -> None:
    """Raises PlanMissing, RetryLater (others make the rest of it), and what the encoders and the servers raise."""
    asset, version = subject(attempt)
    plan = await read_plan(parts.store, asset, version)
    named = _window(plan, attempt)
    front = parts.front
    if attempt.task.level is Level.BULK:  # one less is in the queue that is kept filled
        await front.top_up(Waiting(served=0, asset=asset, version=version, tenant=attempt.task.tenant))
    names = made_by(plan, named)
    segments = {(rendition, number) for rendition in renditions_of(plan, named) for number in named.numbers}
    level = max(attempt.task.level, Level.FIRST) if was_live(plan) else attempt.task.level
    opening, waited_for = level < Level.BULK, level <= Level.INDEX
    bulk = parts.settings.bulk_nice
    async with claimed(parts.cache, asset, version, segments, opening=opening) as claim:
        # Looked at once nobody else can begin them.
        done = await existing(parts.store, plan, names)
        await claim.keep(segments - done)
        if done != names:
            keys = await parts.keys.of(plan)
            begun = time.monotonic()
            async with (
                parts.sources.open(asset, version) as source,
                excerpt_of(parts.store, plan, source.source) as excerpt,
            ):
                work = Work(
                    parts=parts, plan=plan, track=named.track, source=source, excerpt=excerpt, claim=claim, done=done,
                    keys=keys,
                    priority=Priority(
                        niceness(level, bulk), processor=parts.processor,
                        # A new asset is playable with its first segment; the rest of that one can wait.
                        urgent=waited_for, then=niceness(max(level, Level.FIRST), bulk),
                        yields=not waited_for,
                    ),
                )  # fmt: skip
                await work.make_window(named)
            if not done:
                await front.took(plan, named, time.monotonic() - begun)
            await announce(parts.cache, signals.Signal(what="window", asset=asset, version=version))
        elsewhere = claim.lost - done
    if elsewhere and not elsewhere <= await existing(parts.store, plan, elsewhere):
        # Whoever makes them may die: then it is this task that does.
        raise RetryLater(_MADE_BY_OTHERS)
    if begins_play(plan, attempt.task):
        # By the plan of the whole, if that has come meanwhile.
        await look_into(parts, await read_plan(parts.store, asset, version), tenant=attempt.task.tenant)
    await finish_if_complete(parts, plan)


async def finish_if_complete(parts: TranscoderParts, plan: Plan) -> None:
    """After an encode by this plan: ask for the finish if nothing is left to make; clear up if it has been."""
    await sweep_late(parts.store, plan)
    if (await parts.board.progress(plan.asset, plan.version)).complete:
        await parts.jobs.enqueue(finish_task(plan.asset, plan.version))


def _window(plan: Plan, attempt: Attempt) -> Window:
    made = window_of(attempt.task.arguments)
    if made.numbers.stop > tracks(plan).get(made.track, 0):
        raise PlanMissing(f"{attempt.task.name} is not of this plan")
    return made
