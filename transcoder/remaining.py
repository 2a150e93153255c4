"""What of a plan exists, what is left, and the tasks that make its beginning."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

from infra.ports import Level
from manifests import layout
from manifests.layout import RenditionId
from transcoder.windows import VIDEO, Window, codec_of, opening, tracks, was_live, window_task

if TYPE_CHECKING:
    from collections.abc import Container

    from infra.ports import ObjectStat, ObjectStore, Task
    from transcoder.plan import Plan

ObjectName: TypeAlias = tuple[RenditionId, int | None]
"""An object of a plan: a rendition's segment, or its init section (None)."""

Sink: TypeAlias = Callable[[RenditionId, int | None, bytes], Awaitable[None]]
"""Takes what an encoder has made: an object's name, in two words, and its bytes."""


def expected(plan: Plan) -> frozenset[ObjectName]:
    """Every object that the plan calls for: (rendition, segment number, or None for its init section)."""
    return frozenset(
        (rendition, number) for rendition, segments in plan.renditions().items() for number in (None, *range(segments))
    )


def made_by(plan: Plan, window: Window) -> frozenset[ObjectName]:
    """The objects that one window makes; every window makes the init sections of its renditions too."""
    return frozenset(
        (rendition, number) for rendition in renditions_of(plan, window) for number in (None, *window.numbers)
    )


def renditions_of(plan: Plan, window: Window) -> tuple[RenditionId, ...]:
    codec = codec_of(window.track)
    if codec is None:
        return tuple(track.id for track in plan.audio if track.id == window.track)
    rungs = plan.video.only(codec).rungs if plan.video is not None else ()
    return tuple(rung.id for rung in rungs if window.rungs is None or rung.id in window.rungs)


def left_of(plan: Plan, track: str, found: Container[ObjectName]) -> list[int]:
    """Numbers of the segments of a track that lack an object in some rendition; an init section counts as number 0."""
    renditions = renditions_of(plan, Window(track=track, first=0, count=0))
    return [
        number
        for number in range(tracks(plan)[track])
        if any((rendition, number) not in found for rendition in renditions)
        or (number == 0 and any((rendition, None) not in found for rendition in renditions))
    ]


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


def opening_tasks(plan: Plan, found: Container[ObjectName], *, tenant: str = "") -> tuple[Task, ...]:
    """Tasks for the first windows as far as they lack an object, in the order in which they are wanted.

    The very first segments of what players begin with are as urgent as an index: without them nothing plays. Other
    sound tracks, and the segments that follow, come behind the first of every other asset; so do the pictures of what
    was live, which nobody waits for. Its sound is made beside them, and in less time than an index is.
    """
    heard = plan.first_heard
    urgent = {VIDEO} if heard is None else {VIDEO, heard.id}
    if was_live(plan):
        urgent.discard(VIDEO)
    return tuple(
        window_task(
            plan.asset,
            plan.version,
            window,
            Level.INDEX if window.first == 0 and window.track in urgent else Level.FIRST,
            tenant=tenant,
        )
        for window in opening(plan)
        if any(name not in found for name in made_by(plan, window))
    )
