"""The plan of a whole source is made: it stands, the world hears of it, and the workers begin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manifests import layout
from transcoder import signals
from transcoder.facts import read_profile, write_plan
from transcoder.per_title.sampling import sampling
from transcoder.profile import Codec
from transcoder.publish import announce
from transcoder.windows import analyse_task, captions_task, loudness_task

if TYPE_CHECKING:
    from transcoder.parts import TranscoderParts
    from transcoder.plan import Plan
    from transcoder.remaining import ObjectName


async def planned(parts: TranscoderParts, plan: Plan, *, tenant: str) -> None:
    """Any number of times: the first plan stands."""
    plan = await write_plan(parts.store, plan)
    found: frozenset[ObjectName] = frozenset()
    if plan.grown:
        # It says all that the growing one said, which is counted by now as if it were all.
        await parts.store.delete([layout.growing(plan.asset, plan.version)])
        await parts.board.recount(plan)
        found = await parts.board.landed_of(plan)
    await announce(parts.cache, signals.Signal(what="plan", asset=plan.asset, version=plan.version))
    await parts.front.begin(plan, found, tenant=tenant)
    profile = await read_profile(parts.store, plan.asset, plan.version)
    # A clip has its parent's ladder, for its parent's segments.
    alone = profile.per_title and plan.parent is None
    if alone and plan.video is not None and sampling(plan.video.only(Codec.H264)) is not None:
        await parts.jobs.enqueue(analyse_task(plan.asset, plan.version, tenant=tenant))
    await parts.jobs.enqueue(captions_task(plan.asset, plan.version, tenant=tenant))
    if profile.loudness is not None and plan.audio:
        await parts.jobs.enqueue(loudness_task(plan.asset, plan.version, tenant=tenant))
