"""Making the slate of an event: a child encodes it in well under a second, while the first publisher's begins."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import AsyncExitStack
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final

from transcoder.audio_boxes import init_section
from transcoder.errors import OutputBroken
from transcoder.ffmpeg import OutputPipe, spawn
from transcoder.live.argv import slate_argv
from transcoder.live.cutting import Cutter
from transcoder.live.grid import SOUND_TRACK
from transcoder.live.opening import Opening
from transcoder.live.slate import Slate, frames_of
from transcoder.sandbox import Limits

if TYPE_CHECKING:
    from manifests.layout import RenditionId
    from transcoder.encoder_settings import EncoderSettings
    from transcoder.live.event import LiveEvent
    from transcoder.live.part import Frame

_WALL_S: Final = 60.0
_NICE: Final = 10
"""The first segment of the event is made beside it, and nobody needs it yet."""


async def make_slate(event: LiveEvent, settings: EncoderSettings) -> Slate:
    """Encode it. Raises SandboxError, OutputBroken."""
    top = event.rungs[-1]
    opening = Opening(
        width=top.width, height=top.height, sar=Fraction(1), rate=Fraction(event.grid.rate), interlaced=False,
        video_codec="rawvideo", audio_codec="", channels=0, anchor=0,
    )  # fmt: skip
    async with AsyncExitStack() as stack:
        cwd = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slate-")))
        pipes = [await stack.enter_async_context(OutputPipe()) for _ in event.rungs]
        fds = tuple(pipe.fd for pipe in pipes)
        argv = slate_argv(event, opening, fds=fds, settings=settings)
        limits = Limits(wall_s=_WALL_S, memory_bytes=settings.memory_bytes)
        async with spawn(argv, limits=limits, cwd=cwd, pass_fds=fds, nice=_NICE):
            for pipe in pipes:
                pipe.close_child_end()
            written = await asyncio.gather(*(pipe.reader.read(-1) for pipe in pipes))
    made = [_first_part(event, rung.id, body) for rung, body in zip(event.rungs, written, strict=True)]
    inits = {rung.id: init for rung, (init, _) in zip(event.rungs, made, strict=True)}
    pictures = {rung.id: frames for rung, (_, frames) in zip(event.rungs, made, strict=True)}
    return Slate(inits={**inits, event.sound.id: init_section(event.sound, number=SOUND_TRACK)}, pictures=pictures)


def _first_part(event: LiveEvent, rendition: RenditionId, body: bytes) -> tuple[bytes, tuple[Frame, ...]]:
    """Init section and frames, of what the child wrote for a rung."""
    cutter = Cutter(rendition, event.track(rendition), origin=0)
    part = next(cutter.feed(body), None)
    if cutter.init is None or part is None or not part.independent:
        raise OutputBroken(f"{rendition}: a slate without a picture")
    return cutter.init.body, frames_of(part)
