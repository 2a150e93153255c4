"""What a peer made, looked at: every frame decoded and counted, the largest rung compared with the source (VMAF)."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Final

from transcoder.ffmpeg import ffmpeg_path

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchmarks.peers.job import Job
    from manifests.layout import RenditionId

_EVERY: Final = 5
"""VMAF looks at one frame in so many."""


def wrong_frames(job: Job, pictures: Mapping[RenditionId, Path]) -> dict[RenditionId, int]:
    """For each rung that has not exactly the plan's frames: how many more (or, below zero, fewer) it has."""
    wanted = {rung.id: -(-job.video.frames // rung.divisor) for rung in job.rungs}
    differences = {rung: _frames(pictures[rung]) - frames for rung, frames in wanted.items()}
    return {rung: difference for rung, difference in differences.items() if difference}


def _frames(pictures: Path) -> int:
    """How many frames decode. Raises CalledProcessError if one does not."""
    argv = [ffmpeg_path(), "-nostdin", "-loglevel", "error", "-xerror", "-i", str(pictures), "-map", "0:v:0"]
    told = subprocess.run(
        [*argv, "-fps_mode", "passthrough", "-progress", "pipe:1", "-f", "null", "-"],
        check=True, stdout=subprocess.PIPE, text=True,
    ).stdout  # fmt: skip
    return max(int(line.partition("=")[2]) for line in told.splitlines() if line.startswith("frame="))


def vmaf(job: Job, pictures: Mapping[RenditionId, Path]) -> float:
    """Mean VMAF of the largest rung against the source on the same frame grid."""
    rung, log = job.rungs[0], job.folder / "vmaf.json"
    times = f"settb=AVTB,setpts=N/({job.video.rate})/TB"
    graph = (
        f"[0:v:0]{times}[made];[1:v:0]fps={job.video.rate},scale={rung.width}:{rung.height},format=yuv420p,"
        f"{times}[source];"
        f"[made][source]libvmaf=n_subsample={_EVERY}:n_threads=4:log_fmt=json:log_path={log}"
    )
    argv = [ffmpeg_path(), "-nostdin", "-loglevel", "error", "-i", str(pictures[rung.id]), "-i", str(job.source)]
    subprocess.run([*argv, "-lavfi", graph, "-f", "null", "-"], check=True)
    return float(json.loads(log.read_text())["pooled_metrics"]["vmaf"]["mean"])
