"""Segments of what was live, made by whoever is asked for them: where nothing needs an encoder nobody waits for a
worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcoder.audio_boxes import init_section
from transcoder.clip_segments import pieces
from transcoder.live.recording.taking import LivePictures, take_sound
from transcoder.plan import AAC_FRAME

if TYPE_CHECKING:
    from manifests.layout import RenditionId
    from transcoder.live.recording.taking import Objects
    from transcoder.plan import AudioPlan, Plan, VideoPlan, VideoRung
    from transcoder.remaining import Sink


def needs_no_encoder(plan: Plan) -> bool:
    """Whether all of a plan was live as it is: it begins with a key picture, and with an AAC frame."""
    if plan.recorded is None or plan.video is None or plan.protection is not None:
        return False
    return plan.video.skip % plan.video.gop == 0 and all(track.skip % AAC_FRAME == 0 for track in plan.audio)


async def take(store: Objects, plan: Plan, rendition: RenditionId, number: int | None, sink: Sink) -> bool:
    """Hand a segment of a rendition, or its init section alone (None), to `sink`, the init section first; whether there
    was all of it.

    Only of plans of what was live, and of those that are not encrypted. Raises OutputBroken, and what the store and
    `sink` raise.
    """
    if plan.recorded is None or plan.video is None or plan.protection is not None:
        return False
    for track in plan.audio:
        if track.id == rendition:
            return await _sound(store, plan, track, number, sink)
    for rung in plan.video.rungs:
        if rung.id == rendition:
            above = LivePictures(store=store, video=plan.video, recorded=plan.recorded)
            return await _pictures(above, plan.video, rung, number, sink)
    return False


async def _sound(store: Objects, plan: Plan, track: AudioPlan, number: int | None, sink: Sink) -> bool:
    if number is None:
        await sink(track.id, None, init_section(track))
        return True
    handed: list[int | None] = []

    async def noting(rendition: RenditionId, made: int | None, body: bytes) -> None:
        await sink(rendition, made, body)
        handed.append(made)

    await take_sound(store, plan, track, number, noting)
    return number in handed


async def _pictures(above: LivePictures, video: VideoPlan, rung: VideoRung, number: int | None, sink: Sink) -> bool:
    init = await above.init(rung)
    if init is None:
        return False
    wanted = () if number is None else pieces(video.source_frames_of(number), video.gop)
    parts = await above.fragments(rung, wanted) if wanted else {}
    if parts is None or any(piece not in parts for piece in wanted):
        return False
    await sink(rung.id, None, init)
    if number is not None:
        await sink(rung.id, number, b"".join(parts[piece] for piece in wanted))
    return True
