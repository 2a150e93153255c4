"""The task "loudness": hear all of the sound, and have that made again which is not at the target; loudness.json, once.

It runs after the first segments, at the lowest priority, and nobody waits for it but the finish. Sound of which nothing
was made yet gets its gain from here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from infra.ports import RetryLater
from transcoder import signals
from transcoder.errors import PlanMissing
from transcoder.facts import find_fixed_plan, find_loudness, read_plan, read_profile, write_gain, write_loudness
from transcoder.loudness.gain import Gain
from transcoder.loudness.listen import judged
from transcoder.loudness.rule import CLOSE
from transcoder.loudness.verdict import TrackLoudness, Verdict, renewed_id
from transcoder.publish import announce
from transcoder.task_context import held, subject

if TYPE_CHECKING:
    from infra.ports import Attempt
    from manifests.layout import AssetId
    from transcoder.parts import TranscoderParts
    from transcoder.plan import Plan


async def loudness(parts: TranscoderParts, attempt: Attempt) -> None:
    """Raises PlanMissing, LeaseLost, RetryLater, and what children and servers raise."""
    asset, version = subject(attempt)
    target = (await read_profile(parts.store, asset, version)).loudness
    plan = await find_fixed_plan(parts.store, asset, version)
    if plan is None:
        raise PlanMissing(f"there is no plan of {asset} version {version}")
    if target is None or not plan.audio:
        return
    if await find_loudness(parts.store, asset, version) is None:
        async with held(parts, attempt) as lease:
            verdict = await _verdict(parts, plan, target)
            if lease.lost:
                raise RetryLater(parts.settings.lease)
            await write_loudness(parts.store, asset, version, verdict)
    await go_on(parts, asset, version, tenant=attempt.task.tenant)


async def give_up(parts: TranscoderParts, attempt: Attempt, exc: BaseException) -> None:
    """It has failed for the last time: what was made by a first impression stays, and the finish need not wait."""
    asset, version = subject(attempt)
    target = (await read_profile(parts.store, asset, version)).loudness
    if target is not None and await find_fixed_plan(parts.store, asset, version) is not None:
        await write_loudness(parts.store, asset, version, Verdict(target=target, tracks=(), note=str(exc)))
        await go_on(parts, asset, version, tenant=attempt.task.tenant)


async def go_on(parts: TranscoderParts, asset: AssetId, version: int, *, tenant: str) -> None:
    """What is complete, and how much is left, has changed: have it made, or finished. Any number of times."""
    plan = await read_plan(parts.store, asset, version)
    await parts.board.recount(plan)
    await announce(parts.cache, signals.Signal(what="loudness", asset=asset, version=version))
    await parts.front.begin(plan, await parts.board.landed_of(plan), tenant=tenant)


async def _verdict(parts: TranscoderParts, plan: Plan, target: float) -> Verdict:
    async with parts.sources.open(plan.asset, plan.version) as source:
        tracks = [
            await judged(parts, plan, track, source, target=target, nice=parts.settings.bulk_nice)
            for track in plan.audio
            if track.gain is None
        ]
    return Verdict(target=target, tracks=tuple([await _settled(parts, plan, track) for track in tracks]))


async def _settled(parts: TranscoderParts, plan: Plan, track: TrackLoudness) -> TrackLoudness:
    """Made with this gain if nothing was made yet, or once more if what was made is off."""
    gain = Gain(db=track.gain, loudness=track.loudness)
    made = await write_gain(parts.store, plan.asset, plan.version, track.rendition, gain)
    if made.db is not None and abs(made.db - track.gain) <= CLOSE:
        return replace(track, gain=made.db)
    return replace(track, renewed=renewed_id(track.rendition))
