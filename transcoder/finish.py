"""The end of an encode: sizes, static playlists, and, last of all and once, ready.json."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from manifests import layout, media_types
from transcoder import measured as sizes
from transcoder.describe import static_playlists
from transcoder.facts import JSON, Ready, write_ready
from transcoder.measured import Measured, RenditionSizes
from transcoder.publish import put_once
from transcoder.remaining import expected, present, remaining_tasks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.ports import ObjectStat, ObjectStore, Task
    from transcoder.plan import Plan
    from transcoder.remaining import ObjectName

_PLAYLISTS_KEPT: Final = "public, max-age=300"
"""A later version of the source writes its playlists under the same keys (segments never share one)."""


async def finish(store: ObjectStore, plan: Plan) -> tuple[Task, ...]:
    """Complete an asset version, or return the tasks for what turns out to be missing.

    The bucket is listed, whatever anybody counted. Playlists come before ready.json, so whoever reads it can point
    players at the bucket. Running it again writes the same.
    """
    found = await present(store, plan)
    if not expected(plan) <= found.keys():
        return remaining_tasks(plan, found)
    measured = measure(plan, found)
    key = layout.measured(plan.asset, plan.version)
    await put_once(store, key, sizes.dump(measured), content_type=JSON)
    for key, playlist in static_playlists(plan, measured).items():
        await store.put(key, playlist.encode(), content_type=media_types.M3U8, cache_control=_PLAYLISTS_KEPT)
    ready = Ready(objects=len(found), size=sum(stat.size for stat in found.values()))
    await write_ready(store, plan.asset, plan.version, ready)
    return ()


def measure(plan: Plan, found: Mapping[ObjectName, ObjectStat]) -> Measured:
    """Sizes of all that was made, from a listing that has every object of the plan."""
    return Measured(
        asset=plan.asset,
        version=plan.version,
        renditions={
            rendition: RenditionSizes(
                init=found[rendition, None].size,
                segments=tuple(found[rendition, number].size for number in range(segments)),
            )
            for rendition, segments in plan.renditions().items()
        },
    )
