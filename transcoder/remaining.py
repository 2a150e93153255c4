"""What of a plan exists, and the tasks that make the rest: asked by whoever doubts the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from infra.ports import Level
from manifests import layout
from manifests.layout import RenditionId
from transcoder.windows import finish_task, window_task, windows

if TYPE_CHECKING:
    from collections.abc import Container

    from infra.ports import ObjectStat, ObjectStore, Task
    from transcoder.plan import Plan
    from transcoder.windows import Window

ObjectName: TypeAlias = tuple[RenditionId, int | None]
"""An object of a plan: a rendition's segment, or its init section (None)."""

_FIRST_SEGMENTS: Final = 8
"""Windows that begin before this segment go ahead of other assets' bulk: all starts, and short clips wholly."""


def expected(plan: Plan) -> frozenset[ObjectName]:
    """Every object that the plan calls for: (rendition, segment number, or None for its init section)."""
    return frozenset(
        (rendition, number) for rendition, segments in plan.renditions().items() for number in (None, *range(segments))
    )


def made_by(plan: Plan, window: Window) -> frozenset[ObjectName]:
    """The objects that one window makes; every window makes the init sections of its renditions too."""
    if window.track == "video":
        renditions = [rung.id for rung in plan.video.rungs] if plan.video is not None else []
    else:
        renditions = [track.id for track in plan.audio if track.id == window.track]
    numbers = range(window.first, window.first + window.count)
    return frozenset((rendition, number) for rendition in renditions for number in (None, *numbers))


async def present(store: ObjectStore, plan: Plan) -> dict[ObjectName, ObjectStat]:
    """What the bucket holds of the plan, by one listing of the asset's media."""
    wanted = expected(plan)
    inits = {layout.init(plan.asset, rendition): rendition for rendition in plan.renditions()}
    found: dict[ObjectName, ObjectStat] = {}
    async for stat in store.list(layout.media_prefix(plan.asset)):
        named = layout.parse_segment(stat.key)
        if named is not None and (named.rendition, named.number) in wanted:
            found[named.rendition, named.number] = stat
        elif stat.key in inits:
            found[inits[stat.key], None] = stat
    return found


def remaining_tasks(plan: Plan, found: Container[ObjectName]) -> tuple[Task, ...]:
    """A task for every window that lacks an object, in the order in which they are wanted; the finish if none does."""
    tasks = tuple(
        window_task(plan.asset, plan.version, window, Level.FIRST if window.first < _FIRST_SEGMENTS else Level.BULK)
        for window in windows(plan)
        if any(name not in found for name in made_by(plan, window))
    )
    return tasks or (finish_task(plan.asset, plan.version),)
