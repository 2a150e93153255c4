"""The sound of some AAC frames of a rendition, as ffmpeg takes it out of a source: what is encoded, what is measured.

It is the same to the sample wherever reading begins (`audio_window.py`). Loudness is one gain from the rendition's
first sample to its last, with a limiter behind it that forgets long before the frames that are kept begin.
"""

from __future__ import annotations

import contextlib
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from transcoder.audio_mix import mixed, raised, sides
from transcoder.audio_window import AFTER, BEFORE, anchor
from transcoder.ffmpeg import OutputPipe, spawn
from transcoder.inputs import Reading, open_source
from transcoder.plan import AAC_FRAME
from transcoder.probe.sound import GAP

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Callable, Sequence

    from transcoder.audio_window import Begin, Check
    from transcoder.encoder_settings import EncoderSettings
    from transcoder.ffmpeg import Child
    from transcoder.plan import AudioPlan, Plan

_AT_ONCE: Final = 0.000001


class Missed(Exception):
    """Decoding did not begin at the packet that was counted."""


def first_sample(track: AudioPlan, frames: range) -> int:
    """The first sample that is decoded for these AAC frames, from the track's origin on."""
    return (frames.start - BEFORE) * AAC_FRAME + track.skip


def reading(track: AudioPlan, frames: range, begin: Begin) -> Reading:
    """What an encode of these AAC frames reads, the ones around them included."""
    end = Fraction((frames.stop + AFTER) * AAC_FRAME + track.skip, track.sample_rate)
    if begin.position:
        end += begin.ahead - anchor(track, first_sample(track, frames))
    else:
        end += track.origin * track.time_base
    return Reading(
        track=track.id, stream=track.stream, right=track.right, seek=begin.seek, end=end, position=begin.position
    )


def sound_of(
    plan: Plan, track: AudioPlan, frames: range, begin: Begin, *, source: Path, settings: EncoderSettings,
    fds: Sequence[int] = (), after: int = AFTER, limited: bool = True,
) -> tuple[Any, list[Any]]:  # fmt: skip
    """The frames' samples in the rendition's rate and channels, with its gain, and BEFORE and `after` frames around
    them; stamps count samples from zero.

    With a check of where it begins a line about the first frame goes to file descriptor `fds[0]`, by the outputs that
    come along.
    """
    start = anchor(track, first_sample(track, frames))
    skipped = first_sample(track, frames) - int(start * track.sample_rate)
    opened = open_source(source, plan.source, seek=begin.seek, position=begin.position, settings=settings)
    sound, witnesses = _placed(opened[str(track.stream)], track, start, begin, fds)
    if track.right is not None:
        sound = sides(sound, _placed(opened[str(track.right)], track, start, begin, ())[0])
    sound = mixed(sound, track)
    if begin.position or plan.is_cut:
        # How much padding an encoder has put at the end is said at the beginning, which is not read; and of what lies
        # behind a clip nothing is heard.
        last = track.skip + track.samples - int(start * track.sample_rate)
        sound = sound.filter("atrim", end_sample=max(1, last))
    sound = sound.filter("apad")
    if limited:
        sound = raised(sound, track)
    end = skipped + (BEFORE + len(frames) + after) * AAC_FRAME
    return sound.filter("atrim", start_sample=skipped, end_sample=end).filter("asetpts", "N"), witnesses


@contextlib.asynccontextmanager
async def listening(
    argv_of: Callable[..., list[str]], begin: Begin, *, source: Path, settings: EncoderSettings, nice: int = 0,
    started: Callable[[Child], None] | None = None,
) -> AsyncIterator[asyncio.StreamReader]:  # fmt: skip
    """What a child writes (`argv_of(fds=…)`: descriptors for its witness), once it is known to begin where it should.

    Raises Missed, ChildFailed, ChildTimedOut.
    """
    async with contextlib.AsyncExitStack() as stack:
        cwd = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="window-")))
        check = None if begin.count is None else begin.count.check
        witness = await stack.enter_async_context(OutputPipe()) if check is not None else None
        fds = () if witness is None else (witness.fd,)
        async with spawn(
            argv_of(fds=fds), limits=settings.limits, cwd=cwd, reads=(source,), pass_fds=fds, nice=nice
        ) as child:
            if started is not None:
                started(child)
            if witness is not None and check is not None:
                witness.close_child_end()
                if not await _begins_at(check, witness.reader):
                    raise Missed
            yield child.stdout


async def _begins_at(check: Check, lines: asyncio.StreamReader) -> bool:
    """Whether the first frame that was not dropped, told by framecrc, is the wanted one."""
    while line := await lines.readline():
        words = line.decode("ascii", "replace").replace(",", " ").split()
        if words[:1] == ["0"]:
            return check.least <= int(words[2]) <= check.most
    return False


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
