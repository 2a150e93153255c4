"""Ours: the whole running service, from the last byte of the upload to the asset that is ready.

What it uses is counted over all its processes (API, worker, Redis, object store) and every ffmpeg they started. The
clock starts when the last byte has been sent; a viewer asks from then on, as a player does, and what comes is decoded.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import httpx
import psutil

from benchmarks.peers.job import Job, Outcome
from benchmarks.service import cpu_of, decodes, first_segment, until_ready, upload

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.stack import Stack


def ours(stack: Stack, job: Job) -> Outcome:
    """Upload, watch, wait until it is ready, and fetch what was made."""
    assert stack.process is not None
    stacked = psutil.Process(stack.process.pid)
    before = cpu_of(stacked)
    asset, begun = upload(stack, job.source)
    decodes(b"".join(first_segment(stack, asset)))
    playable = time.perf_counter() - begun
    until_ready(stack, asset)
    wall = time.perf_counter() - begun
    cpu = cpu_of(stacked) - before
    pictures, size = {}, 0
    with httpx.Client(base_url=stack.url, timeout=60, trust_env=False) as viewer:
        for rendition in job.plan.renditions():
            path = job.folder / f"{rendition}.mp4"
            _fetch(viewer, f"/v/{asset}/{rendition}/index.m3u8", path)
            size += path.stat().st_size
            if any(rung.id == rendition for rung in job.rungs):
                pictures[rendition] = path
    with stack.client() as editor:
        editor.delete(f"/api/assets/{asset}").raise_for_status()
    return Outcome(wall=wall, cpu=cpu, playable=playable, size=size, pictures=pictures)


def _fetch(viewer: httpx.Client, playlist: str, path: Path) -> None:
    """A rendition's init section and segments, one behind the other: a fragmented MP4."""
    lines = viewer.get(playlist).raise_for_status().text.splitlines()
    init = next(line.split('URI="')[1].split('"')[0] for line in lines if line.startswith("#EXT-X-MAP:"))
    with path.open("wb") as file:
        for uri in (init, *(line for line in lines if line and not line.startswith("#"))):
            file.write(viewer.get(urljoin(playlist, uri)).raise_for_status().content)
