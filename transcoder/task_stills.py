"""Stills, drawn when all segments are there: a step of the task "finish", done once; later, those that editors want.

A title without stills is a title all the same: what cannot be drawn, however often it is tried, is noted.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from infra.ports import Level
from manifests import layout, media_types
from transcoder.errors import OutputBroken, PictureRefused, PlanMissing, SandboxError
from transcoder.facts import find_plan, find_stills, write_stills
from transcoder.priority import niceness
from transcoder.publish import put_once
from transcoder.stills.draw import draw, draw_frame
from transcoder.stills.image import code_of, redrawn
from transcoder.stills.model import Stills
from transcoder.stills.storyboard import webvtt
from transcoder.task_context import subject

if TYPE_CHECKING:
    from infra.ports import Attempt
    from manifests.layout import AssetId
    from transcoder.parts import TranscoderParts
    from transcoder.plan import Plan

log = logging.getLogger(__name__)

_STORYBOARD = "storyboard.vtt"


async def draw_once(parts: TranscoderParts, plan: Plan, *, last: bool) -> None:
    """`last`: nobody is going to try again. Raises ObjectNotFound if a segment is missing, and what the store raises;
    unless it is the last try, SandboxError and OutputBroken."""
    if await find_stills(parts.store, plan.asset, plan.version) is not None:
        return

    async def sink(name: str, body: bytes, content_type: str = media_types.JPEG) -> None:
        key = layout.still(plan.asset, plan.version, name)
        await put_once(parts.store, key, body, content_type=content_type, cache_control=media_types.IMMUTABLE)

    nice = niceness(Level.FIRST, parts.settings.bulk_nice)
    try:
        keys = await parts.keys.of(plan)
        made = await draw(parts.store, plan, settings=parts.encoder, sink=sink, keys=keys, nice=nice)
    except (SandboxError, OutputBroken) as exc:
        if not last:
            raise
        log.exception("a title has no stills", extra={"asset": plan.asset, "version": plan.version})
        made = Stills(storyboard=None, candidates=(), width=0, height=0, note=str(exc))
    if plan.video is not None and made.storyboard is not None:
        await sink(_STORYBOARD, webvtt(plan.video, made.storyboard).encode(), media_types.VTT)
    await write_stills(parts.store, plan.asset, plan.version, made)


async def poster(parts: TranscoderParts, attempt: Attempt) -> None:
    """The task "poster": draw the picture that an editor wants, of an asset that is ready, or that he sent; once.

    Raises PlanMissing, ObjectNotFound, SandboxError, OutputBroken, and what the servers raise.
    """
    asset, version = subject(attempt)
    if "image" in attempt.task.arguments:
        await _redraw(parts, asset, str(attempt.task.arguments["image"]))
        return
    frame = int(attempt.task.arguments["frame"])
    key = layout.still(asset, version, layout.poster_at(frame))
    if await parts.store.head(key) is not None:
        return
    plan = await find_plan(parts.store, asset, version)
    if plan is None or plan.video is None or not 0 <= frame < plan.video.frames:
        raise PlanMissing(f"{asset} version {version} has no picture {frame}")
    keys, nice = await parts.keys.of(plan), niceness(Level.FIRST, parts.settings.bulk_nice)
    drawn = await draw_frame(parts.store, plan, frame, settings=parts.encoder, keys=keys, nice=nice)
    await put_once(parts.store, key, drawn, content_type=media_types.JPEG, cache_control=media_types.IMMUTABLE)


async def _redraw(parts: TranscoderParts, asset: AssetId, name: str) -> None:
    key, refused = layout.poster_image(asset, name), layout.poster_refused(asset, name)
    if await parts.store.head(key) is None and await parts.store.head(refused) is None:
        body = await parts.store.read(layout.poster_sent(asset, name))
        try:
            made = await redrawn(body, settings=parts.encoder, nice=niceness(Level.FIRST, parts.settings.bulk_nice))
        except (SandboxError, OutputBroken, PictureRefused) as exc:
            log.warning("a picture cannot be read", extra={"asset": asset, "cause": str(exc)})
            await put_once(parts.store, refused, code_of(exc).encode(), content_type="text/plain")
        else:
            await put_once(parts.store, key, made, content_type=media_types.JPEG, cache_control=media_types.IMMUTABLE)
    await parts.store.delete([layout.poster_sent(asset, name)])
