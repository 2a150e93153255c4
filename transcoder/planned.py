"""The plan of a whole source is made: it stands, the world hears of it, and the workers begin.

What is found out about a source beside its encode (its own ladder, captions inside, loudness) comes after its very
first segments: where cores are few it would make whoever waits for them wait longer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from manifests import layout
from transcoder import signals
from transcoder.facts import read_profile, write_plan
from transcoder.per_title.sampling import sampling
from transcoder.profile import Codec
from transcoder.publish import announce
from transcoder.remaining import opening_tasks
from transcoder.windows import analyse_task, begins_play, captions_task, loudness_task

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
    if not any(begins_play(plan, task) for task in opening_tasks(plan, found)):
        await look_into(parts, plan, tenant=tenant)


async def look_into(parts: TranscoderParts, plan: Plan, *, tenant: str) -> None:
    """Its first segments are made: ask for what else is to be known of it. Any number of times."""
    profile = await read_profile(parts.store, plan.asset, plan.version)
    tasks = [captions_task(plan.asset, plan.version, tenant=tenant)]
    # A clip has its parent's ladder, for its parent's segments.
    alone = profile.per_title and plan.parent is None
    if alone and plan.video is not None and sampling(plan.video.only(Codec.H264)) is not None:
        tasks.append(analyse_task(plan.asset, plan.version, tenant=tenant))
    if profile.loudness is not None and plan.audio:
        tasks.append(loudness_task(plan.asset, plan.version, tenant=tenant))
    await parts.jobs.enqueue(*tasks)
