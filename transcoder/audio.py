"""Encoding a window of sound: AAC-LC on the 1024-sample grid, without a seam and without priming.

An AAC frame depends on the one before (overlap) and on the encoder's state. So a window is encoded with frames more at
both ends, which are dropped as packets: what is left is what one long encode would have made there. ffmpeg gives bare
AAC frames (ADTS); the boxes around them are written here, so every segment is one fragment with exactly its frames.
"""

from __future__ import annotations

import tempfile
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from transcoder.audio_adts import FrameReader
from transcoder.audio_boxes import init_section, segment
from transcoder.encoder_settings import EncoderSettings
from transcoder.errors import OutputBroken
from transcoder.ffmpeg import ffmpeg_path, spawn
from transcoder.inputs import Reading, command, open_source
from transcoder.plan import AAC_FRAME

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Container

    from manifests.layout import RenditionId
    from transcoder.plan import AudioPlan, Plan, SourceRef
    from transcoder.windows import Window

    Sink: TypeAlias = Callable[[RenditionId, int | None, bytes], Awaitable[None]]

BEFORE: Final = 4
AFTER: Final = 2
"""AAC frames encoded before and after a window's own; with fewer the frame at a seam is noisier than its neighbours."""

_PRIMING: Final = 1
"""AAC frames that the encoder emits before the one that holds the first sample (its delay: 1024 samples)."""

_ANCHOR: Final = Fraction(1, 25)
"""Seconds. A whole number of samples at every usual rate (8 to 96 kHz, 11.025 to 88.2 kHz): the resampler, started at a
multiple of this, has the same phase in every window."""

_WARM_UP: Final = Fraction(1)
"""Seconds decoded before the anchor: decoders need up to 80 ms (Opus) and MP3's bit reservoir to be right."""

_EXACT_DEMUXERS: Final = frozenset({"mov", "wav", "w64", "aiff", "caf"})
_SAMPLE_RATES: Final = frozenset({8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 88200, 96000, 192000})
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
) -> None:
    """Encode segments [first, first + count) of a track, and hand each to `sink` as soon as its frames are there.

    `ready` is awaited before the process starts, with what it is going to read.
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
    reader = FrameReader(sample_rate=track.sample_rate, channels=track.channels)
    # Frames of this window that have come so far; those before it have a negative place.
    place, segment_number, held = -(BEFORE + _PRIMING), needed.start, []
    if ready is not None:
        await ready(reading(plan, track, frames))
    with tempfile.TemporaryDirectory(prefix="window-") as cwd:
        argv = audio_argv(plan, track, frames, source=source, settings=chosen)
        async with spawn(argv, limits=chosen.limits, cwd=Path(cwd), nice=nice) as child:
            while piece := await child.stdout.read(_READ):
                for frame in reader.feed(piece):
                    place += 1
                    if not 0 < place <= len(frames):
                        continue
                    held.append(frame)
                    if frames.start + place == track.cuts[segment_number + 1]:
                        if segment_number in numbers:
                            await sink(track.id, segment_number, segment(track, segment_number, held))
                        held.clear()
                        segment_number += 1
    reader.close()
    if segment_number != needed.stop:
        raise OutputBroken(f"{track.id}: segment {segment_number} and what follows is missing")


def reading(plan: Plan, track: AudioPlan, frames: range) -> Reading:
    """What an encode of these AAC frames reads, the ones around them included."""
    first, last = (frames.start - BEFORE) * AAC_FRAME, (frames.stop + AFTER) * AAC_FRAME
    zero = track.origin * track.time_base
    begin = zero + Fraction(first, track.sample_rate) // _ANCHOR * _ANCHOR
    return Reading(
        track=track.id,
        stream=track.stream,
        seek=begin - _WARM_UP if _seeks_exactly(plan.source, track) else None,
        end=zero + Fraction(last, track.sample_rate),
    )


def audio_argv(plan: Plan, track: AudioPlan, frames: range, *, source: Path, settings: EncoderSettings) -> list[str]:
    """The command that writes the window's AAC frames, BEFORE and AFTER around them, as ADTS to its standard output."""
    first, last = (frames.start - BEFORE) * AAC_FRAME, (frames.stop + AFTER) * AAC_FRAME
    anchor = Fraction(first, track.sample_rate) // _ANCHOR * _ANCHOR
    begin = track.origin * track.time_base + anchor
    seek = reading(plan, track, frames).seek
    skipped = first - int(anchor * track.sample_rate)
    layout = "stereo" if track.channels == 2 else "mono"
    sound = (
        open_source(source, plan.source, seek=seek, settings=settings)[str(track.stream)]
        .filter("asetpts", f"PTS-round({begin}/TB)")
        .filter("atrim", start_pts=0)
        # At the source's own rate: silence up to its first sample, and where more than 100 ms are missing.
        .filter("aresample", **{"async": 1, "min_comp": 0.000001, "first_pts": 0})
        .filter("aresample", track.sample_rate, out_chlayout=layout, out_sample_fmt="fltp")
        .filter("apad")
        .filter("atrim", start_sample=skipped, end_sample=skipped + last - first)
        .filter("asetpts", "N")
    )
    coded: dict[str, Any] = {"c:a": "aac", "profile:a": "aac_low", "b:a": track.bitrate, "f": "adts"}
    return command(ffmpeg_path(), sound.output("pipe:1", map_metadata=-1, **coded, **{"flags:a": "+bitexact"}))


def _seeks_exactly(source: SourceRef, track: AudioPlan) -> bool:
    """Whether a timestamp in the middle of the file tells which sample it is.

    Where timestamps are rounded (Matroska: to ms) or estimated (MP3) only counting from the start does.
    """
    return (
        source.demuxer in _EXACT_DEMUXERS
        and track.time_base.numerator == 1
        and track.time_base.denominator in _SAMPLE_RATES
    )
