"""Encoding a window of sound: AAC-LC on the 1024-sample grid, without a seam and without priming.

An AAC frame depends on the one before (overlap) and on the encoder's state. So a window is encoded with frames more at
both ends, which are dropped as packets: what is left is what one long encode would have made there. ffmpeg gives bare
AAC frames (ADTS); the boxes around them are written here, so every segment is one fragment with exactly its frames.
"""

from __future__ import annotations

import contextlib
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from transcoder.audio_adts import FrameReader
from transcoder.audio_boxes import init_section, segment
from transcoder.audio_mix import mixed, sides
from transcoder.audio_window import AFTER, BEFORE, anchor, begins
from transcoder.encoder_settings import EncoderSettings
from transcoder.errors import ChildFailed, OutputBroken
from transcoder.ffmpeg import OutputPipe, ffmpeg_path, spawn
from transcoder.inputs import Reading, command, open_source
from transcoder.plan import AAC_FRAME
from transcoder.probe.sound import GAP

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Awaitable, Callable, Container, Iterator, Sequence

    from manifests.layout import RenditionId
    from transcoder.audio_window import Begin, Check
    from transcoder.ffmpeg import Child
    from transcoder.plan import AudioPlan, Plan
    from transcoder.remaining import Sink
    from transcoder.windows import Window

_PRIMING: Final = 1
"""AAC frames that the encoder emits before the one that holds the first sample (its delay: 1024 samples)."""

_AT_ONCE: Final = 0.000001
_READ: Final = 256 * 1024


class _Missed(Exception):
    """Decoding did not begin at the packet that was counted."""


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
    *counted, last = begins(plan.source, track, anchor(track, _first(frames)))
    for begin in (*counted, last):
        if ready is not None:
            await ready(reading(track, frames, begin))
        cutter = _Cutter(track, needed)
        try:
            async with _sound(
                plan, track, frames, begin, source=source, settings=chosen, nice=nice, started=started
            ) as stream:  # fmt: skip
                while piece := await stream.read(_READ):
                    for number, body in cutter.feed(piece):
                        if number in numbers:
                            await sink(track.id, number, body)
        except (_Missed, ChildFailed) as exc:
            # Once segments come out the place is right. Killed (memory, CPU, by hand) says nothing about the source.
            if begin is last or cutter.began or (isinstance(exc, ChildFailed) and (exc.exit_code or 0) < 0):
                raise
        else:
            cutter.close()
            return


@contextlib.asynccontextmanager
async def _sound(
    plan: Plan, track: AudioPlan, frames: range, begin: Begin, *, source: Path, settings: EncoderSettings, nice: int,
    started: Callable[[Child], None] | None,
) -> AsyncIterator[asyncio.StreamReader]:  # fmt: skip
    """The window's AAC frames as ADTS, once it is known that they are the right ones. Raises _Missed."""
    async with contextlib.AsyncExitStack() as stack:
        cwd = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="window-")))
        check = None if begin.count is None else begin.count.check
        witness = await stack.enter_async_context(OutputPipe()) if check is not None else None
        fds = () if witness is None else (witness.fd,)
        argv = audio_argv(plan, track, frames, begin, source=source, settings=settings, fds=fds)
        async with spawn(argv, limits=settings.limits, cwd=cwd, reads=(source,), pass_fds=fds, nice=nice) as child:
            if started is not None:
                started(child)
            if witness is not None and check is not None:
                witness.close_child_end()
                if not await _begins_at(check, witness.reader):
                    raise _Missed
            yield child.stdout


async def _begins_at(check: Check, lines: asyncio.StreamReader) -> bool:
    """Whether the first frame that was not dropped, told by framecrc, is the wanted one."""
    while line := await lines.readline():
        words = line.decode("ascii", "replace").replace(",", " ").split()
        if words[:1] == ["0"]:
            return check.least <= int(words[2]) <= check.most
    return False


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


def _first(frames: range) -> int:
    """The first sample that is encoded for these AAC frames."""
    return (frames.start - BEFORE) * AAC_FRAME


def reading(track: AudioPlan, frames: range, begin: Begin) -> Reading:
    """What an encode of these AAC frames reads, the ones around them included."""
    end = Fraction((frames.stop + AFTER) * AAC_FRAME, track.sample_rate)
    if begin.position:
        end += begin.ahead - anchor(track, _first(frames))
    else:
        end += track.origin * track.time_base
    return Reading(
        track=track.id, stream=track.stream, right=track.right, seek=begin.seek, end=end, position=begin.position
    )


def audio_argv(
    plan: Plan, track: AudioPlan, frames: range, begin: Begin, *, source: Path, settings: EncoderSettings,
    fds: Sequence[int] = (),
) -> list[str]:  # fmt: skip
    """The command that writes the window's AAC frames, BEFORE and AFTER around them, as ADTS to its standard output.

    With a check of where it begins a line about the first frame goes to file descriptor `fds[0]`.
    """
    start = anchor(track, _first(frames))
    skipped = _first(frames) - int(start * track.sample_rate)
    opened = open_source(source, plan.source, seek=begin.seek, position=begin.position, settings=settings)
    sound, witnesses = _placed(opened[str(track.stream)], track, start, begin, fds)
    if track.right is not None:
        sound = sides(sound, _placed(opened[str(track.right)], track, start, begin, ())[0])
    sound = mixed(sound, track)
    if begin.position:
        # How much padding an encoder has put at the end is said at the beginning, which is not read.
        sound = sound.filter("atrim", end_sample=max(1, track.samples - int(start * track.sample_rate)))
    sound = (
        sound.filter("apad")
        .filter("atrim", start_sample=skipped, end_sample=skipped + (AFTER + len(frames) + BEFORE) * AAC_FRAME)
        .filter("asetpts", "N")
    )
    coded: dict[str, Any] = {"c:a": "aac", "profile:a": "aac_low", "b:a": track.bitrate, "f": "adts"}
    output = sound.output("pipe:1", map_metadata=-1, **coded, **{"flags:a": "+bitexact"})
    return command(ffmpeg_path(), *witnesses, output)


def _placed(sound: Any, track: AudioPlan, start: Fraction, begin: Begin, fds: Sequence[int]) -> tuple[Any, list[Any]]:
    """The source's samples from `start` on, at its own rate, with silence where some are missing; and an output that
    tells of the first frame, if that is to be checked."""
    count = begin.count
    if count is None:
        zero = track.origin * track.time_base + start
        sound = sound.filter("asetpts", f"PTS-round({zero}/TB)").filter("atrim", start_pts=0)
        # Silence up to the first sample, and where more than 100 ms are missing.
        return sound.filter("aresample", **{"async": 1, "min_comp": _AT_ONCE, "first_pts": 0}), []
    witnesses = []
    if count.check is not None:
        sound = sound.filter("aselect", f"gte(pts,{count.check.least})")
    if fds:
        split = sound.filter_multi_output("asplit")
        sound = split[0]
        options = {"c:a": "pcm_s16le", "frames:a": 1, "f": "framecrc"}
        witnesses = [split[1].output(f"pipe:{fd}", **options) for fd in fds]
    # Only the count tells where the first sample belongs: its stamp may be as far off as any other.
    least = float(GAP) if count.check is not None else _AT_ONCE
    sound = sound.filter("asetpts", f"PTS-{count.zero}" if count.zero >= 0 else f"PTS+{-count.zero}")
    sound = sound.filter("aresample", **{"async": 1, "min_comp": least, "min_hard_comp": float(GAP), "first_pts": 0})
    if count.skip < 0:
        return sound.filter("adelay", f"{-count.skip}S", all=1), witnesses
    return sound.filter("atrim", start_sample=count.skip), witnesses
