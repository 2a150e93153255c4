"""The task "analyse": look into a few pieces of a title, choose its ladder, write ladder.json once.

It runs after the first segments, at the lowest priority, and nobody waits for it: windows that begin before it is
done follow the fixed ladder. A title that cannot be analysed keeps that ladder, and fails for no reason of this.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from anyio import to_thread

from infra.ports import RetryLater
from transcoder import signals
from transcoder.errors import OutputBroken, PlanMissing, SandboxError
from transcoder.facts import find_ladder, find_plan, read_plan, read_profile, write_ladder
from transcoder.ladder import settings_of
from transcoder.per_title.decide import decide
from transcoder.per_title.ladder import Ladder
from transcoder.per_title.probes import probe
from transcoder.per_title.sampling import Sampling, sampling
from transcoder.profile import Codec
from transcoder.publish import announce
from transcoder.sources.spans import prepare
from transcoder.task_context import held, subject

if TYPE_CHECKING:
    from infra.ports import Attempt
    from transcoder.inputs import Reading
    from transcoder.parts import TranscoderParts
    from transcoder.per_title.curves import Probe
    from transcoder.plan import Plan

log = logging.getLogger(__name__)


async def analyse(parts: TranscoderParts, attempt: Attempt) -> None:
    """Raises PlanMissing, LeaseLost, RetryLater, and what the servers raise."""
    asset, version = subject(attempt)
    profile = await read_profile(parts.store, asset, version)
    plan = await find_plan(parts.store, asset, version)
    if plan is None:
        raise PlanMissing(f"there is no plan of {asset} version {version}")
    # Chosen for H.264; the rungs of other codecs follow.
    video = None if plan.video is None else plan.video.only(Codec.H264)
    picked = None if video is None else sampling(video)
    if not profile.per_title or video is None or picked is None:
        return
    if await find_ladder(parts.store, asset, version) is not None:
        return
    async with held(parts, attempt) as lease:
        try:
            probes = await _probes(parts, plan, picked)
            settings = settings_of(profile.early() if plan.grown else profile)
            deciding = partial(
                decide,
                video,
                picked,
                probes,
                target=profile.quality,
                effort=parts.encoder.has_effort,
                settings=settings,
            )
            # Half a second of arithmetic: not while others wait for the loop.
            ladder = await to_thread.run_sync(deciding)
        except (SandboxError, OutputBroken) as exc:
            log.warning("a title keeps the fixed ladder", extra={"asset": asset, "cause": str(exc)})
            ladder = Ladder(target=profile.quality, sampled=(), curves=(), rungs=(), dropped=(), note=str(exc))
        if lease.lost:
            raise RetryLater(parts.settings.lease)
        await write_ladder(parts.store, asset, version, ladder)
    # What is complete, and how much is left, has changed.
    await parts.board.recount(await read_plan(parts.store, asset, version))
    await announce(parts.cache, signals.Signal(what="ladder", asset=asset, version=version))


async def _probes(parts: TranscoderParts, plan: Plan, picked: Sampling) -> list[Probe]:
    nice = parts.settings.bulk_nice
    async with parts.sources.open(plan.asset, plan.version) as source:

        async def ready(reading: Reading) -> None:
            await prepare(source, plan, reading, nice=nice)

        return [
            made
            for segment in picked.segments
            for made in await probe(
                plan, picked, segment, source=source.path, settings=parts.encoder, ready=ready, nice=nice
            )
        ]
