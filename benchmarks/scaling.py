"""Many workers: measured with one and two here, simulated beyond; and a short clip behind ten long uploads."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from anyio import to_thread

from benchmarks.clips import looped
from benchmarks.report import Result
from benchmarks.simulation import Costs, Upload, simulate
from infra.local.preflight import free_port
from manifests.layout import AssetId
from tests.e2e.stack import Stack, running
from transcoder.encoder_settings import EncoderSettings
from transcoder.index import index_source
from transcoder.plan import SourceRef
from transcoder.planner import make_plan
from transcoder.video import encode_video
from transcoder.windows import VIDEO, Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manifests.layout import RenditionId
    from transcoder.plan import Plan

CLIP = "flutter_butterfly_720p30_aac.mp4"
TIMES = 12
LONG, SHORT = 300, 4
"""Times that the clip of 7.6 s is looped: an upload of 38 minutes, and a clip of half a minute."""
UPLOADS = 10
WORKERS = (1, 2, 4, 8, 16, 32, 64)
FETCH_S, DISPATCH_S = 0.1, 0.02
"""Of a window: 20 MB at 200 MB/s; from the queue to a worker."""
FIXED = {
    "CHANNEL_PER_TITLE": "false", "CHANNEL_FFMPEG_THREADS": "1", "CHANNEL_WORKER_SLOTS": "1",
    "CHANNEL_WORKER_FIRST_SLOTS": "1",
}  # fmt: skip


async def _plan(source: Path) -> Plan:
    index = await index_source(source, demuxer="mov")
    reference = SourceRef(key="sources/measured", size=(await to_thread.run_sync(source.stat)).st_size, demuxer="mov")
    return make_plan(asset=AssetId("measured"), version=1, source=reference, index=index)


async def _measured(source: Path) -> Costs:
    """CPU seconds of what a window is made of: windows of one segment and of three, in all rungs, and in each alone."""
    plan = await _plan(source)
    assert plan.video is not None
    rungs = [rung.id for rung in plan.video.rungs]

    async def cpu(count: int, wanted: list[RenditionId]) -> float:
        async def sink(_rendition: RenditionId, _number: int | None, _body: bytes) -> None:
            pass

        window = Window(track=VIDEO, first=9, count=count)
        skip = {(rung, number) for rung in rungs if rung not in wanted for number in (None, *window.numbers)}
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        settings = EncoderSettings(threads=1)
        await encode_video(plan, window, source=source, sink=sink, skip=skip, settings=settings)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    one, three = await cpu(1, rungs), await cpu(3, rungs)
    segment = (three - one) / 2
    # What the rungs cost alone exceeds the whole by all the decoders but one.
    alone = {rung: await cpu(3, [rung]) / 3 for rung in rungs}
    decode = max(0.0, (sum(alone.values()) - segment) / max(1, len(rungs) - 1) / 2)
    total = sum(alone.values())
    encode = {rung: (segment - decode) * cost / total for rung, cost in alone.items()}
    return Costs(start=max(0.0, one - segment), fetch=FETCH_S, dispatch=DISPATCH_S, decode=decode, encode=encode)


@contextmanager
def _second_worker(stack: Stack) -> Iterator[None]:
    settings = json.loads((stack.home / "stack.json").read_text())
    environment = os.environ | settings | stack.environment | {"CHANNEL_HOME": str(stack.home)}
    worker = subprocess.Popen([sys.executable, "-m", "streaming", "worker"], env=environment)
    try:
        yield
    finally:
        worker.terminate()
        worker.wait()


def _made(stack: Stack, source: Path) -> float:
    begun = time.perf_counter()
    asset = stack.upload(source)
    stack.wait_for(asset, "ready", within=3600)
    return time.perf_counter() - begun


def _playable(stack: Stack, source: Path) -> float:
    """From the upload's end to the first segment of the first variant."""
    asset = stack.upload(source)
    begun = time.perf_counter()
    with stack.client(token="") as viewer:
        while (answer := viewer.get(f"/v/{asset}/index.m3u8")).status_code != 200:
            time.sleep(0.01)
        first = next(line for line in answer.text.splitlines() if line and not line.startswith("#")).split("/")[0]
        while viewer.get(f"/v/{asset}/{first}/0.m4s").status_code != 200:
            pass
    return time.perf_counter() - begun


def _with_workers(folder: Path, source: Path) -> dict[int, float]:
    found = {}
    with running(Stack(home=folder / "scaling", port=free_port(), environment=FIXED)) as stack:
        found[1] = _made(stack, source)
        with _second_worker(stack):
            found[2] = _made(stack, source)
    return found


def _behind_others(folder: Path) -> tuple[float, float]:
    """Seconds to playable of a short clip: alone, and behind long uploads that are being encoded."""
    long, short = looped(CLIP, folder, times=LONG), looped(CLIP, folder, times=SHORT)
    with running(Stack(home=folder / "fair", port=free_port(), environment=FIXED)) as stack:
        alone = min(_playable(stack, short) for _ in range(2))
        for _ in range(UPLOADS):
            stack.upload(long, publish=False)
        return alone, min(_playable(stack, short) for _ in range(2))


def _efficiency(costs: Costs, segments: int) -> list[tuple[int, float, float]]:
    """Workers, seconds, and the share of their time that they work on segments."""
    found = []
    for workers in WORKERS:
        upload = Upload(name="upload", tenant="anna", segments=segments)
        simulate([upload], costs, workers=workers)
        found.append((workers, upload.done, segments * costs.segment / (workers * upload.done)))
    return found


def run() -> Result:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = looped(CLIP, folder, times=TIMES)
        costs = asyncio.run(_measured(source))
        measured = _with_workers(folder, source)
        alone, behind = _behind_others(folder)
    rows = [
        (f"{workers}", f"{seconds:.0f} s", f"{measured[1] / (workers * seconds):.2f}", "measured here, 91 s of 720p")
        for workers, seconds in measured.items()
    ]
    simulated = {minutes: _efficiency(costs, minutes * 15) for minutes in (5, 30, 120)}
    rows += [
        (f"{workers}", f"{seconds:.0f} s", f"{efficiency:.2f}", f"simulated, {minutes} min of 720p")
        for minutes, found in simulated.items()
        for workers, seconds, efficiency in found
    ]
    return Result(
        name="Many workers",
        question="One upload, workers with one slot and one thread each. Efficiency: against the time of one worker "
        f"(measured), against encoding alone (simulated: a window costs {costs.start:.2f} s to start, {FETCH_S} s to "
        f"fetch, {DISPATCH_S} s to dispatch, a segment {costs.segment:.2f} s).",
        columns=("workers", "until all is made", "efficiency", ""),
        rows=tuple(rows),
        verdict=f"Target: ≥ 0.9 until the work runs out. A clip of half a minute behind {UPLOADS} uploads of 38 min "
        f"is playable after {behind:.1f} s, alone after {alone:.1f} s (× {behind / alone:.1f}; target ≤ 2).",
        numbers={"measured": measured, "simulated": simulated, "alone": alone, "behind": behind},
    )
