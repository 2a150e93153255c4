"""HEVC and AV1 against H.264: bits at equal VMAF, and CPU time, with the encoders as the service sets them."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Final

from benchmarks.clips import made, real
from benchmarks.report import Result
from transcoder.encoder_settings import EncoderSettings
from transcoder.encoding import encoder_options
from transcoder.ffmpeg import ffmpeg_path
from transcoder.further_codecs import crf
from transcoder.ladder import LadderSettings, rungs
from transcoder.per_title.bjontegaard import Point, bd_rate
from transcoder.per_title.probes import MODEL
from transcoder.profile import Codec, row

if TYPE_CHECKING:
    from transcoder.plan import VideoRung

_CLIPS: Final = (("sam2_soccer_juggle_720p24.mp4", 24), ("flutter_butterfly_720p30_aac.mp4", 30))
_CRFS: Final = (20, 24, 28, 32)
"""x264's; the others' are those that look the same."""
_SECONDS: Final = 4
_SUBSAMPLE: Final = 6


def run(*, quick: bool = False) -> Result:
    rows, numbers = [], {}
    with tempfile.TemporaryDirectory() as name:
        for clip, rate in _CLIPS[:1] if quick else _CLIPS:
            source = real(clip) or made(Path(name), seconds=_SECONDS)
            original = _original(source, rate, 1 if quick else _SECONDS, Path(name))
            found = {codec: _curve(original, codec, rate, _CRFS[::2] if quick else _CRFS) for codec in Codec}
            plain, cost = found[Codec.H264]
            for codec, (points, cpu) in found.items():
                saved = bd_rate(points, plain)
                rows.append((clip, codec.value, f"{saved:+.1%}", f"{cpu / cost:.1f} ×"))
                numbers[f"{clip} {codec}"] = {"bd_rate": saved, "cpu": cpu / cost, "points": points}
    return Result(
        name="codecs",
        question="How many bits do HEVC and AV1 save at equal quality, and what does it cost?",
        columns=("clip", "codec", "BD-rate against H.264", "CPU time"),
        rows=tuple(rows),
        verdict="uncapped, 720 lines, GOPs of two seconds; decoding is in the CPU time of all",
        numbers=numbers,
    )


def _original(source: Path, rate: int, seconds: int, folder: Path) -> Path:
    """The first seconds of a clip at 720 lines, without loss."""
    path = folder / f"{source.stem}.y4m"
    shown = f"fps={rate},trim=end_frame={rate * seconds},scale=1280:720,format=yuv420p"
    _ffmpeg("-i", str(source), "-an", "-vf", shown, str(path))
    return path


def _curve(original: Path, codec: Codec, rate: int, crfs: tuple[int, ...]) -> tuple[list[Point], float]:
    """b/s and VMAF at each CRF, and the CPU seconds that all of it took."""
    step = replace(row(720, 3000, 22), codecs=tuple(Codec))
    all_codecs = rungs(1280, 720, rate=Fraction(rate), version=1, settings=LadderSettings(steps=(step,)))
    rung = next(each for each in all_codecs if each.codec is codec)
    points, spent = [], 0.0
    for each in crfs:
        path = original.with_name(f"{codec}.mp4")
        before = os.times()
        _ffmpeg("-i", str(original), *_options(replace(rung, crf=crf(codec, each)), rate), str(path))
        after = os.times()
        spent += sum(after[2:4]) - sum(before[2:4])
        frames = original.stat().st_size // (1280 * 720 * 3 // 2)
        points.append((path.stat().st_size * 8 * rate / frames, _vmaf(original, path)))
    return points, spent


def _options(rung: VideoRung, rate: int) -> list[str]:
    """As the service says them, but for the caps: they would cut the curve."""
    said = encoder_options(rung, 2 * rate, EncoderSettings())
    return [
        str(word) for name, value in said.items() if name not in ("maxrate", "bufsize") for word in (f"-{name}", value)
    ]


def _vmaf(original: Path, path: Path) -> float:
    log = path.with_suffix(".json")
    screen = "scale=1920:1080:flags=bicubic,settb=1/25,setpts=N"
    _ffmpeg(
        "-i", str(path), "-i", str(original), "-filter_complex",
        f"[0:v]{screen}[a];[1:v]{screen}[b];"
        f"[a][b]libvmaf=model={MODEL}:n_subsample={_SUBSAMPLE}:log_fmt=json:log_path={log.name}",
        "-f", "null", "-", cwd=log.parent,
    )  # fmt: skip
    return fmean(frame["metrics"]["vmaf"] for frame in json.loads(log.read_text())["frames"][1:])


def _ffmpeg(*arguments: str, cwd: Path | None = None) -> None:
    command = [ffmpeg_path(), "-nostdin", "-loglevel", "fatal", "-y", *arguments]
    subprocess.run(command, check=True, cwd=cwd, stderr=subprocess.DEVNULL)
