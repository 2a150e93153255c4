"""One run of an encoder: what a publisher sends goes in, exact parts of every rendition come out.

A run ends with its publisher, or when something is wrong with one of them; the next is a run of its own, somewhere else
on the same grid. Nothing of a run outlives it: its process group is killed.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import anyio

from infra.tasks import end
from transcoder.audio_boxes import init_section
from transcoder.encoder_settings import EncoderSettings
from transcoder.errors import ChildFailed, ChildTimedOut, OutputBroken, SandboxError
from transcoder.ffmpeg import OutputPipe, spawn
from transcoder.live.argv import Origin, live_argv
from transcoder.live.cutting import Cutter
from transcoder.live.errors import EncoderDied, FeedBroken
from transcoder.live.event import LiveEvent
from transcoder.live.grid import SOUND_TRACK
from transcoder.live.metrics import PART_DELAY
from transcoder.live.opening import Opening
from transcoder.live.pipes import InputPipe
from transcoder.live.silence import silence
from transcoder.sandbox import Limits

if TYPE_CHECKING:
    from manifests.layout import RenditionId
    from transcoder.errors import TranscodeError
    from transcoder.ffmpeg import Child
    from transcoder.live.arrivals import Arrivals
    from transcoder.live.part import Part

log = logging.getLogger(__name__)

_READ: Final = 256 * 1024
_STALLED_S: Final = 15.0
_CPU_S: Final = 1 << 30  # an event may last for weeks
_AHEAD_MS: Final = 5_000
_BEHIND_MS: Final = 20_000


class Packaging(Protocol):
    """What takes the parts of a run."""

    def init(self, rendition: RenditionId, body: bytes) -> None:
        """Before the first part of the rendition."""
        ...

    def part(self, part: Part) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """`dense`: every part begins with a key picture. `clock`: ms since the epoch. `lacks_sound`: whether the publisher
    sends none of what he announced; then pictures wait for it no longer."""

    event: LiveEvent
    opening: Opening
    origin: Origin
    demuxer: str
    settings: EncoderSettings
    clock: Callable[[], int]
    dense: bool = False
    nice: int = 0
    lacks_sound: Callable[[], bool] = bool

    async def encode(self, arrivals: Arrivals, packaging: Packaging) -> None:
        """Until `arrivals` end. Raises FeedBroken, and of it EncoderDied where another encoder may go on."""
        async with AsyncExitStack() as stack:
            cwd = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="live-")))
            given = stack.enter_context(InputPipe())
            count = len(self.event.rungs) + bool(self.opening.channels)
            pipes = [await stack.enter_async_context(OutputPipe()) for _ in range(count)]
            fds = tuple(pipe.fd for pipe in pipes)
            argv = live_argv(
                self.event, self.opening, self.origin, demuxer=self.demuxer, fds=fds, settings=self.settings,
                dense=self.dense,
            )  # fmt: skip
            limits = Limits(wall_s=_STALLED_S, cpu_s=_CPU_S, memory_bytes=self.settings.memory_bytes)
            delivered = _Delivered(packaging, sound=self.event.sound.id)
            try:
                async with spawn(
                    argv, limits=limits, cwd=cwd, pass_fds=fds, stdin=given.fd, nice=self.nice
                ) as child:  # fmt: skip
                    given.close_child_end()
                    for pipe in pipes:
                        pipe.close_child_end()
                    feeding = asyncio.create_task(_feed(arrivals, given))
                    stack.push_async_callback(end, feeding)
                    await _Outputs(self, child, delivered).read(pipes)
            except (ChildFailed, ChildTimedOut, OutputBroken) as exc:
                self._ended(exc)
                if arrivals.is_ended and delivered.pictures and isinstance(exc, ChildFailed):
                    return  # all was shown; it complains of a sound that was announced and never came
                raise EncoderDied(f"The encoder ended: {exc}", delivered=delivered.pictures) from exc
            except SandboxError as exc:
                self._ended(exc)
                raise FeedBroken(f"The encoder ended: {exc}", code="encoder") from exc
            if not arrivals.is_ended:
                raise EncoderDied("The encoder ended before the stream did.", delivered=delivered.pictures)

    def _ended(self, exc: TranscodeError) -> None:
        log.warning("an encoder ended", extra={"channel": self.event.channel, "cause": str(exc)})


async def _feed(arrivals: Arrivals, given: InputPipe) -> None:
    try:
        async for piece in arrivals.replay(last=True):
            if not await given.write(piece):
                return
    finally:
        given.close()


class _Delivered:
    """`Packaging` that notes whether pictures came."""

    def __init__(self, packaging: Packaging, *, sound: RenditionId) -> None:
        self._packaging, self._sound = packaging, sound
        self.pictures = False

    def init(self, rendition: RenditionId, body: bytes) -> None:
        self._packaging.init(rendition, body)

    def part(self, part: Part) -> None:
        self._packaging.part(part)
        self.pictures = self.pictures or part.rendition != self._sound


class _Outputs:
    """The pipes of a run, read at the same time."""

    def __init__(self, run: Run, child: Child, packaging: Packaging) -> None:
        self._run, self._child, self._packaging = run, child, packaging
        self._sounds_to = run.origin.segment * run.event.grid.audio().segment
        """Up to there the sound was handed over (ticks)."""

    async def read(self, pipes: list[OutputPipe]) -> None:
        """Until all have ended. Raises OutputBroken, FeedBroken."""
        event = self._run.event
        try:
            async with anyio.create_task_group() as readers:
                for place, rung in enumerate(event.rungs):
                    readers.start_soon(self._pictures, rung.id, pipes[place], place + 1 == len(event.rungs))
                self._packaging.init(event.sound.id, init_section(event.sound, number=SOUND_TRACK))
                if self._run.opening.channels:
                    readers.start_soon(self._sound, pipes[-1])
        except ExceptionGroup as exc:
            raise exc.exceptions[0] from exc.exceptions[0].__cause__

    async def _pictures(self, rendition: RenditionId, pipe: OutputPipe, is_top: bool) -> None:
        cutter = self._cutter(rendition)
        told = False
        while piece := await pipe.reader.read(_READ):
            for part in cutter.feed(piece):
                if not told and cutter.init is not None:
                    self._packaging.init(rendition, cutter.init.body)
                    told = True
                self._take(part)
                if is_top and (not self._run.opening.channels or self._run.lacks_sound()):
                    self._silence(part)

    async def _sound(self, pipe: OutputPipe) -> None:
        cutter = self._cutter(self._run.event.sound.id)
        while piece := await pipe.reader.read(_READ):
            for part in cutter.feed(piece):
                if part.start >= self._sounds_to:  # else it comes too late: silence was told there
                    self._sounds_to = part.start + part.duration
                    self._take(part)

    def _cutter(self, rendition: RenditionId) -> Cutter:
        run = self._run
        return Cutter(rendition, run.event.track(rendition), origin=run.origin.segment)

    def _silence(self, pictures: Part) -> None:
        video, sound = self._run.event.grid.video(), self._run.event.grid.audio()
        stop = (pictures.start + pictures.duration) * sound.timescale // video.timescale
        for part in silence(self._run.event.sound.id, sound, start=self._sounds_to, stop=stop):
            self._sounds_to = part.start + part.duration
            self._packaging.part(part)

    def _take(self, part: Part) -> None:
        """Raises FeedBroken if the stream's clock and ours do not go together any more."""
        self._child.prolong()
        track = self._run.event.track(part.rendition)
        behind = self._run.clock() - track.ms(part.start + part.duration)
        if behind < -_AHEAD_MS:
            raise FeedBroken("The time stamps run ahead of the clock.", code="clock")
        if behind > _BEHIND_MS:
            raise FeedBroken("The machine does not keep up with the feed.", code="too_slow")
        PART_DELAY.observe(max(0, behind) / 1000)
        self._packaging.part(part)
