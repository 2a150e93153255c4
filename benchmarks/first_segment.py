"""Time from the last byte of an upload to the first decodable segment of the picture, through the running stack."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.clips import looped, made, real
from benchmarks.report import Result
from benchmarks.service import await_workers, delete, playable
from infra.local.preflight import free_port
from tests.e2e.stack import Stack, running

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 5


def _once(stack: Stack, source: Path) -> float:
    asset, waited = playable(stack, source)
    delete(stack, asset)
    return waited


def _sources(folder: Path) -> Iterator[tuple[str, Path]]:
    yield "made, 720p25, 30 s", made(folder, seconds=30)
    for name in ("flutter_butterfly_720p30_aac.mp4", "wave_croatia_1080p25_aac.mp4"):
        if (clip := real(name)) is not None:
            yield name, clip
    yield "wave_croatia × 75 (10 min, 420 MB)", looped("wave_croatia_1080p25_aac.mp4", folder, times=75)


def run() -> Result:
    rows, numbers = [], {}
    with tempfile.TemporaryDirectory() as name, running(Stack(home=Path(name) / "home", port=free_port())) as stack:
        await_workers(stack, 1)
        for label, path in _sources(Path(name)):
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
