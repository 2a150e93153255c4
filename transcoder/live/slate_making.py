"""Making the slate of an event: a child encodes it in well under a second, while the first publisher's begins.

A part of it takes the place of a part of a feed again and again, so it may be no larger than that. The key picture is
nearly all of it: where it is too large it is encoded anew, by as much coarser as it was too large.
"""

from __future__ import annotations

import asyncio
import struct
import tempfile
from contextlib import AsyncExitStack
from fractions import Fraction
from math import ceil, log2
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
    from collections.abc import Sequence

    from manifests.layout import RenditionId
    from transcoder.encoder_settings import EncoderSettings
    from transcoder.live.event import LiveEvent
    from transcoder.live.part import Frame
    from transcoder.plan import VideoRung

_WALL_S: Final = 60.0
_NICE: Final = 10
"""The first segment of the event is made beside it, and nobody needs it yet."""
_FINE: Final = 12
_COARSEST: Final = 45
"""QP of a key picture: nothing is seen of the first, and everything of the last."""
_HALF: Final = 7
"""Steps of QP that halve a picture, one of them to be sure."""
_TRIES: Final = 4
_PICTURE: Final = "picture.png"


async def make_slate(event: LiveEvent, picture: bytes | None = None, *, settings: EncoderSettings) -> Slate:
    """Encode `picture`, a PNG as transcoder.stills.image draws it; None: the built-in one. Raises SandboxError,
    OutputBroken."""
    quantizers = [_FINE for _ in event.rungs]
    for _ in range(_TRIES):
        written = await _encode(event, picture, quantizers, settings=settings)
        made = {rung.id: _first_part(event, rung.id, body) for rung, body in zip(event.rungs, written, strict=True)}
        wanted = [
            coarser(quantizer, size=sum(len(frame.body) for frame in made[rung.id][1]), room=_room(event, rung))
            for rung, quantizer in zip(event.rungs, quantizers, strict=True)
        ]
        if wanted == quantizers:
            break
        quantizers = wanted
    inits = {rendition: init for rendition, (init, _) in made.items()}
    pictures = {rendition: frames for rendition, (_, frames) in made.items()}
    return Slate(inits={**inits, event.sound.id: init_section(event.sound, number=SOUND_TRACK)}, pictures=pictures)


def coarser(quantizer: int, *, size: int, room: int) -> int:
    """The QP with which a picture that took `size` bytes probably fits into `room`; the same if it does."""
    if size <= room:
        return quantizer
    return min(_COARSEST, quantizer + max(1, ceil(_HALF * log2(size / room))))


def _room(event: LiveEvent, rung: VideoRung) -> int:
    """Bytes of a part."""
    return int(rung.maxrate * event.grid.part_s / 8)


async def _encode(
    event: LiveEvent, picture: bytes | None, quantizers: Sequence[int], *, settings: EncoderSettings
) -> list[bytes]:
    """What the child writes for each rung."""
    top = event.rungs[-1]
    width, height = (top.width, top.height) if picture is None else _size(picture)
    opening = Opening(
        width=width, height=height, sar=Fraction(1), rate=Fraction(event.grid.rate), interlaced=False,
        video_codec="rawvideo", audio_codec="", channels=0, anchor=0,
    )  # fmt: skip
    async with AsyncExitStack() as stack:
        cwd = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slate-")))
        if picture is not None:
            await asyncio.to_thread((cwd / _PICTURE).write_bytes, picture)
        pipes = [await stack.enter_async_context(OutputPipe()) for _ in event.rungs]
        fds = tuple(pipe.fd for pipe in pipes)
        argv = slate_argv(
            event, opening, picture="" if picture is None else _PICTURE, quantizers=quantizers, fds=fds,
            settings=settings,
        )  # fmt: skip
        limits = Limits(wall_s=_WALL_S, memory_bytes=settings.memory_bytes)
        async with spawn(argv, limits=limits, cwd=cwd, pass_fds=fds, nice=_NICE):
            for pipe in pipes:
                pipe.close_child_end()
            return list(await asyncio.gather(*(pipe.reader.read(-1) for pipe in pipes)))


def _size(png: bytes) -> tuple[int, int]:
    """Width and height (PNG §11.2.2). Raises OutputBroken."""
    try:
        width, height = struct.unpack_from(">II", png, 16)
    except struct.error as exc:
        raise OutputBroken("a picture without a size") from exc
    if not width or not height:
        raise OutputBroken("a picture without a size")
    return width, height


def _first_part(event: LiveEvent, rendition: RenditionId, body: bytes) -> tuple[bytes, tuple[Frame, ...]]:
    """Init section and frames, of what the child wrote for a rung."""
    cutter = Cutter(rendition, event.track(rendition), origin=0)
    part = next(cutter.feed(body), None)
    if cutter.init is None or part is None or not part.independent:
        raise OutputBroken(f"{rendition}: a slate without a picture")
    return cutter.init.body, frames_of(part)
