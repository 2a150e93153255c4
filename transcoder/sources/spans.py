"""What an encode is going to read of a source, fetched before it starts.

ffmpeg reads a plain file: it has no network, and can't be made to wait for a block that is not there. So everything it
will touch is in the file first. A plan made from sample tables says what that is; otherwise a scout reads ahead of
ffmpeg, with its own libraries, and what it touches is what ffmpeg will.
"""

from __future__ import annotations

import logging
import sys
import tempfile
from bisect import bisect_left, bisect_right
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final

from transcoder.errors import SandboxError
from transcoder.ffmpeg import run
from transcoder.inputs import MICROSECOND, seek_ticks
from transcoder.plan import AAC_FRAME
from transcoder.sandbox import Limits
from transcoder.sources.blocks import merged

if TYPE_CHECKING:
    from transcoder.inputs import Reading
    from transcoder.plan import AudioPlan, Plan, SourceReads, Span, VideoPlan
    from transcoder.sources.source import OpenSource

log = logging.getLogger(__name__)

_SCOUT: Final = Path(__file__).with_name("scout_child.py")
_LIMITS: Final = Limits(wall_s=120.0, cpu_s=120)
SMALL: Final = 8 * 1024 * 1024
"""Bytes. Less than this is fetched sooner than anybody could tell whether it is needed."""
_SLACK: Final = 64 * 1024
"""Bytes around every place that is read: two versions of one demuxer do not buffer alike."""
_SCOUTED: Final = frozenset(
    {"mov", "matroska", "mpegts", "mpeg", "avi", "mxf", "flv", "asf", "ogg", "mp3", "wav", "w64"}
)
"""Demuxers that read the same places from the same bytes. The others' sources are fetched whole."""


async def prepare(source: OpenSource, plan: Plan, reading: Reading, *, nice: int = 0, small: int = SMALL) -> None:
    """Have all in the local file that a process with this reading touches; all of the source if less than `small` bytes
    of it are missing.

    Raises PlanMissing when the source is gone, DiskFull, and errors of the store.
    """
    if source.lacking() <= small:
        await source.ensure()
    elif plan.reads is not None:
        await source.ensure(merged(listed(plan, plan.reads, reading), slack=_SLACK))
    elif plan.source.demuxer not in _SCOUTED or not await _scouted(source, plan, reading, nice=nice):
        await source.ensure()


async def prepare_sound(source: OpenSource, plan: Plan, reading: Reading, *, nice: int = 0) -> None:
    """The same for a process that reads long stretches of nothing but sound: not what lies between its packets.

    Raises as `prepare`.
    """
    wanted = source.lacking() > SMALL and plan.source.demuxer in _SCOUTED
    if not wanted or not await _scouted(source, plan, reading, nice=nice):
        await prepare(source, plan, reading, nice=nice)


def listed(plan: Plan, reads: SourceReads, reading: Reading) -> list[Span]:
    """The spans of a reading in a plan that lists them: those of every segment that it comes by."""
    if reading.track == "video" and plan.video is not None:
        spans, starts = reads.video, _starts_of_video(plan.video)
    else:
        track = next(track for track in plan.audio if track.id == reading.track)
        spans, starts = reads.audio[track.id], _starts_of_audio(track)
    first = 0 if reading.seek is None else max(0, bisect_right(starts, reading.seek) - 1)
    return [*reads.head, *spans[first : max(first + 1, bisect_left(starts, reading.end))]]


def _starts_of_video(video: VideoPlan) -> list[Fraction]:
    return [start * video.time_base for start in video.starts]


def _starts_of_audio(track: AudioPlan) -> list[Fraction]:
    zero = track.origin * track.time_base + Fraction(track.skip, track.sample_rate)
    return [zero + Fraction(cut * AAC_FRAME, track.sample_rate) for cut in track.cuts[:-1]]


async def _scouted(source: OpenSource, plan: Plan, reading: Reading, *, nice: int) -> bool:
    """Whether a scout has read all that the process will; then it is in the local file."""
    seek, end = seek_ticks(reading.seek), int(reading.end // MICROSECOND)
    touched: list[Span] = []
    if reading.right is not None:
        other = replace(reading, stream=reading.right, right=None)
        if not await _scouted(source, plan, other, nice=nice):
            return False
    try:
        with tempfile.TemporaryDirectory(prefix="scout-") as cwd:
            async with source.serve(touched=touched) as fd:
                argv = [
                    *(sys.executable, "-I", str(_SCOUT), str(fd), plan.source.demuxer, str(reading.stream)),
                    *("-" if seek is None else str(seek), str(end), str(reading.position)),
                ]
                answer = await run(argv, limits=_LIMITS, cwd=Path(cwd), pass_fds=(fd,), nice=nice)
    except SandboxError as exc:
        log.warning("a scout failed: the source is fetched whole", extra={"asset": source.asset, "cause": str(exc)})
        return False
    if answer.split() != [b"straight"]:
        return False
    await source.ensure(merged(touched, slack=_SLACK))
    return True
