"""Encoding a clip by a ladder, and measuring what came of it: b/s and VMAF on a screen of 1080 lines."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Final

from transcoder.encoder_settings import EFFORT, EncoderSettings
from transcoder.ffmpeg import ffmpeg_path
from transcoder.inputs import command
from transcoder.per_title.probes import MODEL
from transcoder.per_title.sampling import on_screen
from transcoder.pictures import rung_pictures
from transcoder.plan import VideoPlan
from transcoder.video import decoded
from transcoder.windows import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcoder.per_title.bjontegaard import Point
    from transcoder.plan import Plan, VideoRung

_SUBSAMPLE: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """A clip's pictures on the grid, upright and in BT.709, without loss: what every encode is made of and held to."""

    path: Path
    video: VideoPlan


def original(plan: Plan, source: Path, folder: Path) -> Original:
    video = plan.video
    assert video is not None
    window = Window(track="video", first=0, count=video.segments)
    stream, cut = decoded(plan, window, source=source, margin=None, settings=EncoderSettings())
    whole = replace(video.rungs[0], width=video.width, height=video.height, divisor=1)
    path = folder / "original.mkv"
    pictures = rung_pictures(stream, video, cut, [whole])[0]
    lossless = {"c:v": "libx264", "preset": "ultrafast", "qp": 0, "fps_mode": "passthrough", "enc_time_base": "filter"}
    subprocess.run([*command(ffmpeg_path(), pictures.output(str(path), **lossless)), "-y"], check=True)
    return Original(path=path, video=video)


def measured(made: Original, rungs: Sequence[VideoRung], folder: Path, *, fixed: bool) -> list[Point]:
    """Each rung's b/s and VMAF. `fixed`: at its average rate in one pass under its caps; else by its capped CRF."""
    found = []
    for rung in rungs:
        path = folder / f"{rung.id}.mp4"
        _encode(made, rung, path, fixed=fixed)
        found.append((_size(path) * 8 / float(made.video.frames / made.video.rate), vmaf(made, path, rung.divisor)))
    return found


def vmaf(made: Original, path: Path, divisor: int) -> float:
    """Mean VMAF of every fourth picture, scaled by bicubic interpolation; of those that a rung of half the rate has."""
    width, height = on_screen(made.video.width, made.video.height)
    screen = f"scale={width}:{height}:flags=bicubic,setsar=1,settb=1/25,setpts=N"
    log = path.with_suffix(".vmaf.json")
    subprocess.run(
        [
            ffmpeg_path(), "-nostdin", "-loglevel", "fatal", "-y", "-i", str(path), "-i", str(made.path),
            "-filter_complex",
            f"[0:v]{screen}[a];[1:v]framestep={divisor},{screen}[b];"
            f"[a][b]libvmaf=model={MODEL}:n_subsample={_SUBSAMPLE}:n_threads=2:log_fmt=json:log_path={log.name}",
            "-f", "null", "-",
        ],
        check=True, cwd=log.parent,
    )  # fmt: skip
    # The first picture has none before it: VMAF sees no motion in it.
    return fmean(frame["metrics"]["vmaf"] for frame in json.loads(log.read_text())["frames"][1:])


def _encode(made: Original, rung: VideoRung, path: Path, *, fixed: bool) -> None:
    """As the service encodes (transcoder/video.py), of one piece."""
    gop = made.video.gop // rung.divisor
    average = int(rung.maxrate / 1.5)
    control = ["-b:v", str(average)] if fixed else ["-crf", str(rung.crf)]
    subprocess.run(
        [
            ffmpeg_path(), "-nostdin", "-loglevel", "fatal", "-y", "-i", str(made.path),
            "-vf", f"scale={rung.width}:{rung.height}:flags=bicubic,framestep={rung.divisor}",
            "-c:v", "libx264", "-preset", EncoderSettings().preset, "-profile:v", rung.profile, "-level:v", rung.level,
            *control, "-maxrate", str(rung.maxrate), "-bufsize", str(rung.bufsize),
            "-g", str(gop), "-keyint_min", str(gop), "-sc_threshold", "0",
            "-x264-params", "open-gop=0:stitchable=1" + (f":{EFFORT}" if rung.effort else ""),
            "-bsf:v", "filter_units=remove_types=6", str(path),
        ],
        check=True,
    )  # fmt: skip


def _size(path: Path) -> int:
    """Bytes of the pictures alone."""
    said = subprocess.run(
        [ffmpeg_path(), "-nostdin", "-i", str(path), "-c", "copy", "-f", "framecrc", "-"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    return sum(int(size) for size in re.findall(r"^0,(?:[^,]*,){3}\s*(\d+),", said, re.MULTILINE))
