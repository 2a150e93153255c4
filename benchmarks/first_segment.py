"""Time from the last byte of an upload to the first decodable segment of the picture, through the running stack."""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from benchmarks.clips import looped, made, real
from benchmarks.report import Result
from infra.local.preflight import free_port
from tests.e2e.stack import Stack, running
from transcoder.ffmpeg import ffmpeg_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROUNDS = 5


def first_segment(stack: Stack, asset: str) -> tuple[bytes, bytes]:
    """What a player does: the multivariant playlist, the first variant, its init section and first segment."""
    with httpx.Client(base_url=stack.url, timeout=60, trust_env=False) as viewer:
        while (answer := viewer.get(f"/v/{asset}/index.m3u8")).status_code != 200:
            time.sleep(0.02)
        lines = answer.text.splitlines()
        uri = next(line for line in lines if line and not line.startswith("#"))
        rendition = uri.split("/")[0]
        viewer.get(f"/v/{asset}/{uri}").raise_for_status()
        segment = viewer.get(f"/v/{asset}/{rendition}/0.m4s").raise_for_status().content
        return viewer.get(f"/v/{asset}/{rendition}/init.mp4").raise_for_status().content, segment


def upload(stack: Stack, source: Path) -> tuple[str, float]:
    """A new, public asset with this source; its id, and when its last byte was sent."""
    sent = 0.0

    def body() -> Iterator[bytes]:
        nonlocal sent
        with source.open("rb") as file:
            while piece := file.read(2**20):
                yield piece
                sent = time.perf_counter()

    with stack.client() as client:
        asset = client.post("/api/assets", json={"title": source.stem}).raise_for_status().json()["id"]
        client.post(f"/api/assets/{asset}/publish").raise_for_status()
        client.put(f"/api/assets/{asset}/source", content=body()).raise_for_status()
    return str(asset), sent


def _once(stack: Stack, source: Path) -> float:
    asset, begun = upload(stack, source)
    init, segment = first_segment(stack, asset)
    waited = time.perf_counter() - begun
    decodes(init + segment)
    with stack.client() as client:
        client.delete(f"/api/assets/{asset}").raise_for_status()
    return waited


def decodes(body: bytes) -> None:
    """Raises CalledProcessError unless ffmpeg decodes all of it."""
    subprocess.run(
        [ffmpeg_path(), "-nostdin", "-loglevel", "error", "-xerror", "-i", "-", "-f", "null", "-"],
        input=body, check=True,
    )  # fmt: skip


def _sources(folder: Path) -> list[tuple[str, Callable[[], Path]]]:
    found: list[tuple[str, Callable[[], Path]]] = [("made, 720p25, 30 s", lambda: made(folder, seconds=30))]
    for name in ("flutter_butterfly_720p30_aac.mp4", "wave_croatia_1080p25_aac.mp4"):
        if real(name) is not None:
            found.append((name, lambda name=name: real(name)))
    found.append(
        ("wave_croatia × 75 (10 min, 420 MB)", lambda: looped("wave_croatia_1080p25_aac.mp4", folder, times=75))
    )
    return found


def run() -> Result:
    rows, numbers = [], {}
    with tempfile.TemporaryDirectory() as name, running(Stack(home=Path(name) / "home", port=free_port())) as stack:
        for label, source in _sources(Path(name)):
            path = source()
            waits = sorted(_once(stack, path) for _ in range(ROUNDS))
            rows.append((label, f"{statistics.median(waits):.2f} s", f"{waits[-1]:.2f} s"))
            numbers[label] = [round(wait, 3) for wait in waits]
    return Result(
        name="Last byte to first segment",
        question="Upload, then ask at once as a player does: playlist, first variant, segment 0, init section; it "
        f"decodes. {ROUNDS} uploads each.",
        columns=("source", "median", "slowest"),
        rows=tuple(rows),
        verdict="Target: clips of up to a minute p50 ≤ 1.5 s, p95 ≤ 3 s; 5–20 min p95 ≤ 6 s. For comparison, Mux "
        "publishes a median of 2.0 s for inputs up to a minute and 9.0 s for 5–20 minutes.",
        numbers=numbers,
    )
