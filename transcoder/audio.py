"""Encoding a window of sound: AAC-LC on the 1024-sample grid, without a seam and without priming.

An AAC frame depends on the one before (overlap) and on the encoder's state. So a window is encoded with frames more at
both ends, which are dropped as packets: what is left is what one long encode would have made there. ffmpeg gives bare
AAC frames (ADTS); the boxes around them are written here, so every segment is one fragment with exactly its frames.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from transcoder.audio_adts import FrameReader
from transcoder.audio_boxes import init_section, segment
from transcoder.audio_sound import Missed, first_sample, listening, reading, sound_of
from transcoder.audio_window import BEFORE, anchor, begins
from transcoder.encoder_settings import EncoderSettings
from transcoder.errors import ChildFailed, OutputBroken
from transcoder.ffmpeg import ffmpeg_path
from transcoder.inputs import command

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Container, Iterator, Sequence
    from pathlib import Path

    from manifests.layout import RenditionId
    from transcoder.audio_window import Begin
    from transcoder.ffmpeg import Child
    from transcoder.inputs import Reading
    from transcoder.plan import AudioPlan, Plan
    from transcoder.remaining import Sink
    from transcoder.windows import Window

_PRIMING: Final = 1
"""AAC frames that the encoder emits before the one that holds the first sample (its delay: 1024 samples)."""

_READ: Final = 256 * 1024


async def encode_audio(
    plan: Plan,
    track: AudioPlan,
    window: Window,
    *,
    source: Path,
    sink: Sink,
    skip: Container[tuple[RenditionId, int | None]] = (),
    settings: EncoderSettings | None = None,
    nice: int = 0,
    ready: Callable[[Reading], Awaitable[None]] | None = None,
    started: Callable[[Child], None] | None = None,
) -> None:
    """Encode segments [first, first + count) of a track, and hand each to `sink` as soon as its frames are there.

    `ready` is awaited before the process starts, with what it is going to read; `started` is told of the process.
    What the source lacks is silence. `skip` holds (rendition, number or None for the init section) that need not be
    made. Raises ChildFailed, ChildTimedOut, OutputBroken; what `sink` raises.
    """
    numbers = [n for n in range(window.first, window.first + window.count) if (track.id, n) not in skip]
    if (track.id, None) not in skip:
        await sink(track.id, None, init_section(track))
    if not numbers:
        return
    needed = range(numbers[0], numbers[-1] + 1)
    chosen = settings or EncoderSettings()
    frames = range(track.cuts[needed.start], track.cuts[needed.stop])
    *counted, last = begins(plan.source, track, anchor(track, first_sample(track, frames)))
    for begin in (*counted, last):
        if ready is not None:
            await ready(reading(track, frames, begin))
        cutter = _Cutter(track, needed)
        try:
            command_of = partial(audio_argv, plan, track, frames, begin, source=source, settings=chosen)
            async with listening(
                command_of, begin, source=source, settings=chosen, nice=nice, started=started
            ) as stream:  # fmt: skip
                while piece := await stream.read(_READ):
                    for number, body in cutter.feed(piece):
                        if number in numbers:
                            await sink(track.id, number, body)
        except (Missed, ChildFailed) as exc:
            # Once segments come out the place is right. Killed (memory, CPU, by hand) says nothing about the source.
            if begin is last or cutter.began or (isinstance(exc, ChildFailed) and (exc.exit_code or 0) < 0):
                raise
        else:
            cutter.close()
            return


class _Cutter:
    """Segments out of the AAC frames of a window and those around them."""

    def __init__(self, track: AudioPlan, needed: range) -> None:
        self._track, self._needed = track, needed
        self._reader = FrameReader(sample_rate=track.sample_rate, channels=track.channels)
        self._length = track.cuts[needed.stop] - track.cuts[needed.start]
        # Frames of this window that have come so far; those before it have a negative place.
        self._place = -(BEFORE + _PRIMING)
        self._number = needed.start
        self._held: list[bytes] = []

    @property
    def began(self) -> bool:
        """Whether a segment has come out."""
        return self._number > self._needed.start

    def feed(self, piece: bytes) -> Iterator[tuple[int, bytes]]:
        for frame in self._reader.feed(piece):
            self._place += 1
            if not 0 < self._place <= self._length:
                continue
            self._held.append(frame)
            if self._track.cuts[self._needed.start] + self._place == self._track.cuts[self._number + 1]:
                body = segment(self._track, self._number, self._held)
                self._held = []
                self._number += 1
                yield self._number - 1, body

    def close(self) -> None:
        """Raises OutputBroken if a segment is missing."""
        self._reader.close()
        if self._number != self._needed.stop:
            raise OutputBroken(f"{self._track.id}: segment {self._number} and what follows is missing")


def audio_argv(
    plan: Plan, track: AudioPlan, frames: range, begin: Begin, *, source: Path, settings: EncoderSettings,
    fds: Sequence[int] = (),
) -> list[str]:  # fmt: skip
    """The command that writes the window's AAC frames, BEFORE and AFTER around them, as ADTS to its standard output.

    With a check of where it begins a line about the first frame goes to file descriptor `fds[0]`.
    """
    sound, witnesses = sound_of(plan, track, frames, begin, source=source, settings=settings, fds=fds)
    coded: dict[str, Any] = {"c:a": "aac", "profile:a": "aac_low", "b:a": track.bitrate, "f": "adts"}
    output = sound.output("pipe:1", map_metadata=-1, **coded, **{"flags:a": "+bitexact"})
    return command(ffmpeg_path(), *witnesses, output)
