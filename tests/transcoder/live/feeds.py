"""What tests of live feeds share: an event, parts, a publisher."""

from __future__ import annotations

import asyncio
import subprocess
from contextlib import asynccontextmanager
from fractions import Fraction
from typing import TYPE_CHECKING

from manifests.layout import ChannelId
from transcoder.live.arrivals import Arrivals
from transcoder.live.event import LiveEvent, plan_event
from transcoder.live.opening import Opening
from transcoder.profile import Profile, row

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

SMALL = Profile(ladder=(row(90, 100, 28), row(180, 200, 28)))
"""A ladder of two small rungs."""


def opening(width: int = 320, height: int = 180, *, rate: int = 25, channels: int = 2, anchor: int = 0) -> Opening:
    return Opening(
        width=width, height=height, sar=Fraction(1), rate=Fraction(rate), interlaced=False, video_codec="h264",
        audio_codec="aac" if channels else "", channels=channels, anchor=anchor,
    )  # fmt: skip


def event(*, rate: int = 25, long_parts: bool = False, number: int = 1) -> LiveEvent:
    return plan_event(ChannelId("arena"), number, opening(rate=rate), SMALL, long_parts=long_parts)


@asynccontextmanager
async def publishing(
    ffmpeg: str, clock: Callable[[], int], *, seconds: float, rate: int = 25, size: str = "320x180",
    sound: bool = True, demuxer: str = "flv", options: tuple[str, ...] = (),
) -> AsyncIterator[Arrivals]:  # fmt: skip
    """A test picture with a tone, at its own speed; `options` of the encoder besides."""
    argv = [ffmpeg, "-loglevel", "error", "-re", "-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}"]
    if sound:
        argv += ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100"]
    argv += ["-t", str(seconds), "-c:v", "libx264", "-preset", "ultrafast", "-g", str(rate), "-c:a", "aac", *options]
    publisher = await asyncio.create_subprocess_exec(*argv, "-f", demuxer, "-", stdout=subprocess.PIPE)
    arrivals = Arrivals(clock)

    async def send() -> None:
        assert publisher.stdout is not None
        while piece := await publisher.stdout.read(1 << 14):
            await arrivals.put(piece)
        arrivals.end()

    sending = asyncio.create_task(send())
    try:
        yield arrivals
    finally:
        arrivals.end()
        if publisher.returncode is None:
            publisher.kill()
        await publisher.wait()
        await sending
