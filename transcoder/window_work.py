"""One window, from what the bucket lacks of it to the bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio

from manifests import layout
from transcoder.audio import encode_audio
from transcoder.describe import multivariant
from transcoder.passes import passes
from transcoder.publish import Publisher, key_of
from transcoder.remaining import made_by
from transcoder.video import encode_video

if TYPE_CHECKING:
    from pathlib import Path

    from infra.ports import Lease, ObjectStore
    from manifests.layout import RenditionId
    from transcoder.parts import TranscoderParts
    from transcoder.plan import Plan
    from transcoder.remaining import ObjectName
    from transcoder.windows import Window

_LOOKS_AT_ONCE: Final = 8


def start_of(plan: Plan, window: Window) -> tuple[RenditionId, int] | None:
    """What the first viewer will ask for, if this window has it: the first segment, in the first listed variant."""
    if window.track != "video" or window.first != 0 or plan.video is None:
        return None
    first = multivariant(plan, None, uri_of=str).variants[0]
    return next((rung.id, 0) for rung in plan.video.rungs if layout.media_playlist(plan.asset, rung.id) == first.uri)


async def existing(store: ObjectStore, plan: Plan, window: Window) -> frozenset[ObjectName]:
    """Those of a window's objects that the bucket holds."""
    found: set[ObjectName] = set()
    limiter = anyio.CapacityLimiter(_LOOKS_AT_ONCE)

    async def look(name: ObjectName) -> None:
        async with limiter:
            if await store.head(key_of(plan.asset, *name)) is not None:
                found.add(name)

    try:
        async with anyio.create_task_group() as looks:
            for name in made_by(plan, window):
                looks.start_soon(look, name)
    except ExceptionGroup as exc:
        raise exc.exceptions[0] from exc
    return frozenset(found)


async def make_window(
    parts: TranscoderParts,
    plan: Plan,
    window: Window,
    *,
    source: Path,
    lease: Lease,
    wanted: tuple[RenditionId, int] | None,
    nice: int,
) -> None:
    """Encode and publish what is missing, what somebody waits for first.

    Raises what the encoders raise, LeaseLost, and errors of the store.
    """
    publish = Publisher(plan=plan, lease=lease, store=parts.store, cache=parts.cache, board=parts.board)
    done = set(await existing(parts.store, plan, window))

    async def sink(rendition: RenditionId, number: int | None, body: bytes) -> None:
        await publish(rendition, number, body)
        done.add((rendition, number))

    for each in passes(window, wanted):
        names = made_by(plan, each.window)
        skip = done | {name for name in names if each.only not in (None, name[0])}
        if names <= skip:
            continue
        if window.track == "video":
            await encode_video(
                plan, each.window, source=source, sink=sink, skip=skip, settings=parts.encoder, nice=nice
            )
        else:
            track = next(track for track in plan.audio if track.id == window.track)
            await encode_audio(
                plan, track, each.window, source=source, sink=sink, skip=skip, settings=parts.encoder, nice=nice
            )
