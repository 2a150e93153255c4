"""The end of an encode: sizes, static playlists, and, last of all and once, ready.json."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manifests import layout
from transcoder import measured
from transcoder.facts import JSON, Ready, find_fixed_plan, find_plan, is_over, write_ladder, write_ready
from transcoder.iframes import find_iframes
from transcoder.measured import Measured, RenditionSizes
from transcoder.per_title.ladder import UNCHANGED
from transcoder.publish import put_once
from transcoder.remaining import expected, present
from transcoder.static_manifests import write_manifests

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from infra.ports import ObjectStat, ObjectStore
    from manifests.layout import RenditionId
    from transcoder.measured import IFrame
    from transcoder.plan import Plan
    from transcoder.remaining import ObjectName


async def finish(store: ObjectStore, plan: Plan) -> Collection[ObjectName] | None:
    """Complete an asset version, or return what there is of it if an object turns out to be missing,
    or if its ladder was chosen this very moment.

    The bucket is listed, whatever anybody counted. Playlists come before ready.json, so whoever reads it can point
    players at the bucket; which version is played there is said by `static_manifests.enlist`. What exists of rungs
    that the title's ladder dropped is deleted. Running it again writes the same.
    """
    found = await present(store, plan)
    if not expected(plan) <= found.keys():
        return found.keys()
    if not await _settled(store, plan):
        return found.keys()
    await write_manifests(store, plan, await _measured(store, plan, found), naming=False)
    await _sweep(store, plan, await _dropped(store, plan))
    ready = Ready(objects=len(found), size=sum(stat.size for stat in found.values()))
    await write_ready(store, plan.asset, plan.version, ready)
    return None


async def sweep_late(store: ObjectStore, plan: Plan) -> None:
    """What an encode by this plan made of rungs that were dropped meanwhile goes, if the finish has come and gone.

    Whoever began before the title's ladder was chosen may end after all else is done.
    """
    now = await find_plan(store, plan.asset, plan.version)
    late = _rungs(plan) - _rungs(now) if now is not None else set()
    if late and await is_over(store, plan.asset, plan.version):
        await _sweep(store, plan, late)


async def _settled(store: ObjectStore, plan: Plan) -> bool:
    """Whether the plan's rungs are those that the asset ends with. From here on no ladder is chosen for it any more."""
    if plan.video is None:
        return True
    await write_ladder(store, plan.asset, plan.version, UNCHANGED)
    now = await find_plan(store, plan.asset, plan.version)
    return now is not None and now.renditions() == plan.renditions()


async def _dropped(store: ObjectStore, plan: Plan) -> Collection[RenditionId]:
    fixed = await find_fixed_plan(store, plan.asset, plan.version)
    return () if fixed is None else _rungs(fixed) - _rungs(plan)


def _rungs(plan: Plan) -> set[RenditionId]:
    """What may be dropped on the way. Sound that was made again at another level stays for a day: whoever plays it has
    no other to go on with."""
    return set() if plan.video is None else {rung.id for rung in plan.video.rungs}


async def _sweep(store: ObjectStore, plan: Plan, renditions: Collection[RenditionId]) -> None:
    prefixes = [layout.media_prefix(plan.asset, rendition) for rendition in renditions]
    await store.delete([stat.key for prefix in prefixes async for stat in store.list(prefix)])


async def _measured(store: ObjectStore, plan: Plan, found: Mapping[ObjectName, ObjectStat]) -> Measured:
    """What stands in the bucket of it, or is written there now."""
    key = layout.measured(plan.asset, plan.version)
    if await store.head(key) is None:
        sizes = {
            rendition: tuple(found[rendition, number].size for number in range(segments))
            for rendition, segments in plan.renditions().items()
        }
        iframes = await find_iframes(store, plan, sizes)
        await put_once(store, key, measured.dump(measure(plan, found, iframes)), content_type=JSON)
    return measured.load(await store.read(key))


def measure(
    plan: Plan,
    found: Mapping[ObjectName, ObjectStat],
    iframes: Mapping[RenditionId, tuple[tuple[IFrame, ...], ...]],
) -> Measured:
    """Sizes of all that was made, from a listing that has every object of the plan."""
    return Measured(
        asset=plan.asset,
        version=plan.version,
        renditions={
            rendition: RenditionSizes(
                init=found[rendition, None].size,
                segments=tuple(found[rendition, number].size for number in range(segments)),
                iframes=iframes.get(rendition, ()),
            )
            for rendition, segments in plan.renditions().items()
        },
    )
