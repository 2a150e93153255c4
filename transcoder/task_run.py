"""The task "run": somebody waits for a segment, so one rendition is made from exactly that one on.

It goes on for some segments, at low priority, so that the viewer is not overtaken; it ends at the first that exists or
that somebody else makes.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from infra.errors import EngineUnavailable
from infra.ports import Level
from infra.tasks import end
from manifests.layout import RenditionId
from transcoder import signals
from transcoder.errors import PlanMissing
from transcoder.facts import read_plan
from transcoder.live.recording.excerpt import excerpt_of
from transcoder.passes import Pass
from transcoder.priority import Priority, ahead
from transcoder.publish import announce
from transcoder.schedule.claims import claimed_run
from transcoder.task_context import subject
from transcoder.task_window import finish_if_complete
from transcoder.window_work import Work, existing
from transcoder.windows import codec_of, track_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from infra.ports import Attempt
    from transcoder.parts import TranscoderParts
    from transcoder.schedule.claims import Name

_NEAR_PICTURE = -1
"""A window makes a segment in all rungs, at low priority: even its next one comes later than a run's first."""
_NEAR_SOUND = 8
"""Segments of sound that a window makes in about the time in which a run begins."""
_LOOK_S = 0.25


async def run(parts: TranscoderParts, attempt: Attempt) -> None:
    """Raises PlanMissing and what the encoders and the servers raise."""
    asset, version = subject(attempt)
    rendition, first = RenditionId(str(attempt.task.arguments["rendition"])), int(attempt.task.arguments["number"])
    # He may still play a rung that the title's own ladder has dropped since.
    plan = await read_plan(parts.store, asset, version, keeping=rendition)
    segments = plan.renditions().get(rendition, 0)
    if not 0 <= first < segments:
        raise PlanMissing(f"{attempt.task.name} is not of this plan")
    numbers = range(first, min(first + parts.settings.ahead, segments))
    track = track_of(plan, rendition)
    near = _NEAR_SOUND if codec_of(track) is None else _NEAR_PICTURE
    waited_for = attempt.task.level is Level.JUST_IN_TIME
    claiming = claimed_run(parts.cache, asset, version, rendition, numbers, near=near, waited_for=waited_for)
    async with claiming as claim:
        if not claim.mine:
            return
        # Looked at once nobody else can begin them.
        done = await existing(parts.store, plan, ((rendition, number) for number in (None, *numbers)))
        met = next((number for number in numbers if (rendition, number) in done), numbers.stop)
        await claim.keep((rendition, number) for number in range(first, met))
        if not claim.mine:
            return
        keys = await parts.keys.of(plan)
        later = ahead(parts.settings.bulk_nice)
        priority = Priority(
            0 if waited_for else later, processor=parts.processor, urgent=waited_for, then=later, yields=not waited_for
        )

        async def is_over() -> bool:
            # Somebody waits for a slot: what comes after the wanted segment is not that urgent.
            return bool(await parts.jobs.queued(Level.JUST_IN_TIME))

        async with (
            parts.sources.open(asset, version) as source,
            excerpt_of(parts.store, plan, source.source) as excerpt,
        ):
            work = Work(
                parts=parts, plan=plan, track=track, source=source, excerpt=excerpt, claim=claim, priority=priority,
                done=done, keys=keys,
            )  # fmt: skip
            made = Pass(first=first, count=len(claim.mine), renditions=frozenset({rendition}))
            looking = asyncio.create_task(_leave(work, (rendition, first), is_over))
            try:
                await work.make_run(made, is_over)
            finally:
                await end(looking)
    await announce(parts.cache, signals.Signal(what="window", asset=asset, version=version))
    await finish_if_complete(parts, plan)


async def _leave(work: Work, wanted: Name, is_over: Callable[[], Awaitable[bool]]) -> None:
    """End the run in the middle of a segment that nobody waits for, if somebody waits for its slot: it yields to all
    others, so its segment may take long to end."""
    while True:
        await asyncio.sleep(_LOOK_S)
        with suppress(EngineUnavailable):
            if wanted in work.done and work.is_idle and await is_over() and work.is_idle:
                work.leave()
                return
