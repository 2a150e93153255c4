"""The encoder settings that all peers share, as ffmpeg options; `:v:2` and the like name one of several outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from transcoder.ffmpeg import ffmpeg_path

if TYPE_CHECKING:
    from fractions import Fraction

    from benchmarks.peers.job import Job
    from transcoder.plan import Plan, VideoRung

SEGMENT_S: Final = 4
AVERAGE_OF_MAXRATE: Final = 1.5
"""Our caps are this times the average that the rung is meant for; who wants an average bit rate gets that."""


def ffmpeg(*arguments: str) -> list[str]:
    return [ffmpeg_path(), "-nostdin", "-loglevel", "error", "-y", *arguments]


def rung_rate(job: Job, rung: VideoRung) -> Fraction:
    """Frames a second."""
    return job.video.rate / rung.divisor


def x264(job: Job, rung: VideoRung, stream: str = "v") -> list[str]:
    """libx264 as our windows use it: capped CRF, closed GOPs of a fixed length, threads by the cores."""
    gop = job.video.gop // rung.divisor
    options = {
        "c": "libx264", "preset": job.preset, "profile": rung.profile, "crf": rung.crf, "maxrate": rung.maxrate,
        "bufsize": rung.bufsize, "g": gop, "keyint_min": gop, "sc_threshold": 0, "threads": 0,
    }  # fmt: skip
    return [word for name, value in options.items() for word in (f"-{name}:{stream}", str(value))]


def aac(plan: Plan) -> list[str]:
    """The first sound track's settings; nothing where there is none."""
    if not plan.audio:
        return []
    track = plan.audio[0]
    return ["-c:a", "aac", "-b:a", str(track.bitrate), "-ac", str(track.channels), "-ar", str(track.sample_rate)]


def hls(*extra: str) -> list[str]:
    """HLS with fragmented MP4 segments."""
    return ["-f", "hls", "-hls_time", str(SEGMENT_S), "-hls_list_size", "0", "-hls_segment_type", "fmp4", *extra]
