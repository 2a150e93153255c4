"""Time from the call for a clip to its first decodable segment: of a short asset that is ready, and of a long one that
is still being encoded, where that is done and where nothing is made yet."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks.clips import looped, made, real
from benchmarks.report import Result
from benchmarks.service import await_workers, decodes, delete, events, first_segment, playable, until_ready
from infra.local.preflight import free_port
from tests.e2e.stack import Stack, running

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS: Final = 5
_SHORT: Final = "flutter_butterfly_720p30_aac.mp4"
_BEGUN: Final = 5
"""Percent of ten minutes: what is made from the beginning on is longer than a clip."""
_LONG: Final = "wave_croatia_1080p25_aac.mp4"


class Case(NamedTuple):
    """A clip of an asset: from `begin` on, plus a tenth of a second each round; both ends inside of a GOP."""

    label: str
    asset: str
    begin: float
    length: float


def _once(stack: Stack, case: Case, number: int) -> float:
    """Seconds from the call to a first segment that decodes."""
    begin = case.begin + number / 10
    body = {"in": begin, "out": begin + case.length, "title": "A clip"}
    with stack.client() as editor:
        begun = time.perf_counter()
        clip = editor.post(f"/api/assets/{case.asset}/clips", json=body).raise_for_status().json()["id"]
        editor.post(f"/api/assets/{clip}/publish").raise_for_status()
    init, segment = first_segment(stack, clip)
    waited = time.perf_counter() - begun
    decodes(init + segment)
    delete(stack, clip, quiet=False)
    return waited


def _cases(stack: Stack, folder: Path, *, quick: bool) -> Iterator[Case]:
    asset, _ = playable(stack, real(_SHORT) or made(folder, seconds=20))
    until_ready(stack, asset)
    yield Case("short, ready", asset, 1.3, 3)
    yield Case("short, ready, less than a GOP", asset, 2.3, 0.5)
    if quick:
        return
    asset, _ = playable(stack, looped(_LONG, folder, times=75))
    for event in events(stack, asset):
        if (event["percent"] or 0) >= _BEGUN:
            break
    yield Case("10 min, being encoded, where that is done", asset, 1.3, 10)
    yield Case("10 min, being encoded, where nothing is made", asset, 301.3, 10)
    delete(stack, asset)


def run(*, quick: bool = False) -> Result:
    rows, numbers = [], {}
    with tempfile.TemporaryDirectory() as name, running(Stack(home=Path(name) / "home", port=free_port())) as stack:
        await_workers(stack, 1)
        for case in _cases(stack, Path(name), quick=quick):
            waits = sorted(_once(stack, case, number) for number in range(1 if quick else ROUNDS))
            rows.append((case.label, f"{statistics.median(waits):.2f} s", f"{waits[-1]:.2f} s"))
            numbers[case.label] = [round(wait, 3) for wait in waits]
    return Result(
        name="Call to the first segment of a clip",
        question="Cut, then ask as a player does: playlist, first variant, segment 0, init section; it decodes. "
        f"{ROUNDS} clips each, none at the edge of a group of pictures.",
        columns=("parent", "median", "slowest"),
        rows=tuple(rows),
        verdict="Target: 2 s. The edge is encoded again in every rung that somebody asks for; what lies between is the "
        "parent's.",
        numbers=numbers,
    )
