"""What a publisher sends, found out from its first second: size, rate, sound, and when that is.

The anchor ties time stamps to the clock on the wall. Of the packets that have come the one that was on its way for the
shortest time tells it best: a burst of older pictures, as relays send it, does not look late for ever.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from bisect import bisect_left
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from infra.tasks import end
from transcoder.colour import TRANSFERS, source_colour
from transcoder.errors import SandboxError
from transcoder.ffmpeg import spawn
from transcoder.live.errors import FeedRefused, OpeningDied
from transcoder.live.pipes import InputPipe
from transcoder.pictures import Look
from transcoder.sandbox import Limits
from transcoder.source_limits import MAX_PIXELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcoder.live.arrivals import Arrivals

ANALYSE_US: Final = 500_000
"""Microseconds of media that parameters are taken from; the encoder is given as many."""

_CHILD: Final = Path(__file__).with_name("opening_child.py")
_LIMITS: Final = Limits(wall_s=15, cpu_s=15, memory_bytes=1 << 30)
_PACKETS: Final = 2000
_STATED: Final = range(10, 121)
_REASONS: Final = {
    "no_picture": "No picture was found in what was sent. Send H.264 with a key picture every two seconds.",
    "unreadable": "What was sent cannot be read.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """`width` × `height` as coded, with the sample aspect ratio `sar`; `rate` in pictures a second. `start`: what the
    stream's clock shows first, in µs; `anchor`: ms since the epoch at which it does. `channels` 0: no sound is
    announced. `picture` and `sound`: places of the two among the streams that the container has; `sounds`: how many
    tracks of sound it has. `captions`: CEA-608 or -708 lie in the pictures."""

    width: int
    height: int
    sar: Fraction
    rate: Fraction
    interlaced: bool
    video_codec: str
    audio_codec: str
    channels: int
    anchor: int
    start: int = 0
    look: Look = field(default_factory=Look)
    picture: int = 0
    sound: int = 1
    sounds: int = 1
    captions: bool = False


class _Answer(msgspec.Struct, frozen=True):
    """As opening_child.py prints it."""

    refused: str = ""
    detail: str = ""
    width: int = 0
    height: int = 0
    sar: str = "1"
    interlaced: bool = False
    stated_rate: str = "0"
    stamps: tuple[int, ...] = ()
    video_codec: str = ""
    audio_codec: str = ""
    channels: int = 0
    start: int = 0
    places: tuple[tuple[int, int], ...] = ()
    coefficients: int = 2
    primaries: int = 2
    transfer: int = 2
    full_range: bool = False
    rotation: int = 0
    picture: int = 0
    sound: int = 0
    sounds: int = 0
    captions: bool = False


async def read_opening(arrivals: Arrivals, *, demuxer: str) -> Opening:
    """Read as much of a stream as is needed; all of it stays in `arrivals`, for the encoder.

    Raises FeedRefused for a stream that has no picture, or none that can be read; of it OpeningDied if the child died.
    """
    asked = msgspec.json.encode({"analyse_us": ANALYSE_US, "max_packets": _PACKETS, "max_pixels": MAX_PIXELS}).decode()
    argv = [sys.executable, "-I", str(_CHILD), demuxer, asked]
    with tempfile.TemporaryDirectory(prefix="opening-") as cwd, InputPipe() as pipe:
        try:
            async with spawn(argv, limits=_LIMITS, cwd=Path(cwd), stdin=pipe.fd) as child:
                pipe.close_child_end()
                feeding = asyncio.create_task(_feed(arrivals, pipe))
                try:
                    said = await child.stdout.read(-1)
                finally:
                    await end(feeding)
        except SandboxError as exc:
            raise OpeningDied(_REASONS["unreadable"], code="unreadable") from exc
    return interpret(msgspec.json.decode(said, type=_Answer), arrivals.moments)


async def _feed(arrivals: Arrivals, pipe: InputPipe) -> None:
    try:
        async for piece in arrivals.replay():
            if not await pipe.write(piece):
                return
    finally:
        pipe.close()


def interpret(answer: _Answer, moments: Sequence[tuple[int, int]]) -> Opening:
    """What the child said, as values. `moments`: bytes that had come by a moment (ms). Raises FeedRefused."""
    if answer.refused:
        raise FeedRefused(_REASONS.get(answer.refused, _REASONS["unreadable"]), code=answer.refused)
    return Opening(
        width=answer.width,
        height=answer.height,
        sar=Fraction(answer.sar) or Fraction(1),
        # One picture a field (Apple 1.14).
        rate=_rate(answer) * (2 if answer.interlaced else 1),
        interlaced=answer.interlaced,
        video_codec=answer.video_codec,
        audio_codec=answer.audio_codec,
        channels=answer.channels,
        anchor=anchor(answer.places, moments, start=answer.start),
        start=answer.start,
        look=_look(answer),
        picture=answer.picture,
        sound=answer.sound,
        sounds=answer.sounds,
        captions=answer.captions,
    )


def _look(answer: _Answer) -> Look:
    hdr = TRANSFERS.get(answer.transfer)
    colour = source_colour(
        coefficients=answer.coefficients, primaries=answer.primaries, hdr=hdr is not None,
        full_range=answer.full_range, pixels=answer.width * answer.height,
    )  # fmt: skip
    return Look(colour=colour, hdr=hdr, rotation=answer.rotation)


def _rate(answer: _Answer) -> Fraction:
    """As the stream states it, where that can be; else as its pictures come."""
    stated = Fraction(answer.stated_rate)
    if int(stated) in _STATED:
        return stated
    span = answer.stamps[-1] - answer.stamps[0] if answer.stamps else 0
    return Fraction((len(answer.stamps) - 1) * 1_000_000, span) if span > 0 else Fraction(25)


def anchor(places: Sequence[tuple[int, int]], moments: Sequence[tuple[int, int]], *, start: int) -> int:
    """Ms since the epoch at which the stream's clock shows `start` (µs).

    `places`: where a packet ends in the stream (bytes), and its decode time (µs).
    """
    ends = [total for total, _ in moments]
    found = [
        moments[place][1] * 1000 - (stamp - start)
        for position, stamp in places
        if (place := bisect_left(ends, position)) < len(moments)
    ]
    return min(found, default=moments[0][1] * 1000) // 1000
