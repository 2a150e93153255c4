"""What loudness costs: hearing a track, beside encoding it; and how close finished renditions come to the target.

CPU time of ffmpeg alone, by the same commands as the worker's, without a cage.
"""

from __future__ import annotations

import re
import resource
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.clips import looped, planned
from benchmarks.report import Result
from transcoder.audio import audio_argv
from transcoder.audio_sound import first_sample
from transcoder.audio_window import anchor, begins
from transcoder.encoder_settings import EncoderSettings
from transcoder.ffmpeg import ffmpeg_path
from transcoder.loudness.gain import stretches
from transcoder.loudness.measure import measure_argv, parsed
from transcoder.loudness.rule import gain_for
from transcoder.profile import DEFAULT

if TYPE_CHECKING:
    from transcoder.audio_window import Begin
    from transcoder.plan import AudioPlan, Plan

_CLIP: Final = "tearsofsteel_battle_332p24_vp8_vorbis.webm"
_TIMES, _QUICK_TIMES = 8, 1
_SETTINGS: Final = EncoderSettings(threads=1)


def run(*, quick: bool = False) -> Result:
    with tempfile.TemporaryDirectory(prefix="bench-loudness-") as folder:
        clip = looped(_CLIP, Path(folder), times=_QUICK_TIMES if quick else _TIMES)
        return _measured(Path(folder), clip, planned(clip))


def _measured(folder: Path, clip: Path, plan: Plan) -> Result:
    track, target = plan.audio[0], DEFAULT.loudness or 0.0
    every, first = range(track.cuts[-1]), stretches(track, near=True)[0]
    impression, _ = _hear(plan, track, first, clip, peaks=False)
    heard, said = _hear(plan, track, every, clip, peaks=True)
    raised = replace(track, gain=gain_for(parsed(said).loudness, target))
    limited, _ = _hear(plan, raised, every, clip, peaks=False)
    argv = audio_argv(plan, raised, every, _begin(plan, track, every), source=clip, settings=_SETTINGS)
    encode, frames = _cpu(argv)
    (folder / "made.aac").write_bytes(frames)
    loudness, peak = _finished(folder / "made.aac")
    seconds = track.samples / track.sample_rate
    return Result(
        name="Loudness",
        question=f"CPU time of hearing {seconds:.0f} s of sound, beside encoding it; and what comes of it.",
        columns=("", "CPU, s", "of the sound's encode"),
        rows=tuple(
            (name, f"{cpu:.2f}", f"{100 * cpu / encode:.0f} %")
            for name, cpu in (
                ("the first impression (16 s)", impression), ("all of it, with its true peak", heard),
                ("all of it through the limiter", limited), ("encode", encode),
            )
        ),
        verdict=f"{loudness:.1f} LUFS at a target of {target:g}, true peak {peak:.1f} dBTP.",
        numbers={"heard_s": heard, "limited_s": limited, "encode_s": encode, "loudness": loudness, "peak": peak},
    )  # fmt: skip


def _begin(plan: Plan, track: AudioPlan, frames: range) -> Begin:
    *_, last = begins(plan.source, track, anchor(track, first_sample(frames)))
    return last


def _hear(plan: Plan, track: AudioPlan, frames: range, clip: Path, *, peaks: bool) -> tuple[float, bytes]:
    begin = _begin(plan, track, frames)
    return _cpu(measure_argv(plan, track, frames, begin, source=clip, settings=_SETTINGS, peaks=peaks))


def _cpu(argv: list[str]) -> tuple[float, bytes]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = subprocess.run(argv, check=True, capture_output=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, said


def _finished(path: Path) -> tuple[float, float]:
    """LUFS and dBTP by ffmpeg's own sums."""
    argv = [ffmpeg_path(), "-hide_banner", "-nostats", "-i", str(path), "-af", "ebur128=peak=true", "-f", "null", "-"]
    said = subprocess.run(argv, check=True, capture_output=True).stderr.decode().rpartition("Summary:")[2]
    found = [re.search(pattern, said) for pattern in (r"I:\s+(\S+) LUFS", r"Peak:\s+(\S+) dBFS")]
    loudness, peak = (float(match[1]) for match in found if match is not None)
    return loudness, peak
