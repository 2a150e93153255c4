"""Many workers on one upload: measured with one worker a core, as far as the cores go, and simulated beyond.

Each worker has one core to itself, one slot, one thread an encoder and a disk of its own, so it stands for a machine.
The upload is longer the more workers there are; all of them together should be done when one is with its share. What is
not a worker (API, Redis, object store) runs on the same cores; how much CPU that takes is shown, for it is no worker's
fault.
"""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

from benchmarks.clips import looped, planned
from benchmarks.report import Result
from benchmarks.service import await_workers, cpu_of, delete, until_ready, upload
from benchmarks.simulation import Costs, Upload, simulate
from infra.local.preflight import free_port
from infra.local.stack import addresses
from tests.e2e.stack import Stack, running
from transcoder.encoder_settings import EncoderSettings
from transcoder.video import encode_video
from transcoder.windows import VIDEO, Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from manifests.layout import RenditionId
    from transcoder.plan import Plan

CLIP: Final = "flutter_butterfly_720p30_aac.mp4"
_CLIP_S: Final = 7.54
TIMES, _QUICK = 8, 2
"""Times that the clip is repeated for each worker."""
SIMULATED: Final = (1, 2, 4, 8, 16, 32, 64)
LENGTHS: Final = (5, 30, 120)
"""Minutes of the simulated uploads."""
_SEGMENTS_A_MINUTE: Final = 15
FETCH_S, DISPATCH_S = 0.1, 0.02
"""Of a window: 20 MB at 200 MB/s; from the queue to a worker."""
_ONE_CORE: Final = {
    "CHANNEL_FFMPEG_THREADS": "1", "CHANNEL_WORKER_SLOTS": "1", "CHANNEL_WORKER_FIRST_SLOTS": "1",
}  # fmt: skip
_FIXED: Final = {"default": "per_title = false\n"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """`workers` made `length` seconds of play in `wall` seconds; CPU seconds of the workers with their encoders, and of
    the rest of the stack."""

    workers: int
    length: float
    wall: float
    cpu: float
    service: float

    def efficiency(self, one: Measured) -> float:
        """What each worker made in a second, against one that works alone."""
        return (self.length / self.wall / self.workers) / (one.length / one.wall)


def costs(plan: Plan, source: Path) -> Costs:
    """CPU seconds of what a window is made of: windows of one segment and of three, in all rungs, and in each alone."""
    assert plan.video is not None
    rungs = [rung.id for rung in plan.video.rungs]
    one, three = _window_cpu(plan, source, 1, rungs), _window_cpu(plan, source, 3, rungs)
    segment = (three - one) / 2
    # What the rungs cost alone exceeds the whole by all the decoders but one.
    alone = {rung: _window_cpu(plan, source, 3, [rung]) / 3 for rung in rungs}
    decode = max(0.0, (sum(alone.values()) - segment) / max(1, len(rungs) - 1) / 2)
    total = sum(alone.values())
    encode = {rung: (segment - decode) * cost / total for rung, cost in alone.items()}
    return Costs(start=max(0.0, one - segment), fetch=FETCH_S, dispatch=DISPATCH_S, decode=decode, encode=encode)


def _window_cpu(plan: Plan, source: Path, count: int, wanted: Sequence[RenditionId]) -> float:
    assert plan.video is not None
    window = Window(track=VIDEO, first=1, count=count)
    skip = {
        (rung.id, number)
        for rung in plan.video.rungs if rung.id not in wanted
        for number in (None, *window.numbers)
    }  # fmt: skip

    async def sink(_rendition: RenditionId, _number: int | None, _body: bytes) -> None:
        pass

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    asyncio.run(encode_video(plan, window, source=source, sink=sink, skip=skip, settings=EncoderSettings(threads=1)))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _pinned(process: psutil.Process, core: int) -> None:
    """What it runs, and all that it will start, keeps to one core."""
    for thread in process.threads():
        os.sched_setaffinity(thread.id, {core})


@contextmanager
def _another_worker(stack: Stack, core: int) -> Iterator[psutil.Process]:
    environment = os.environ | addresses(stack.home) | stack.environment
    environment |= {"CHANNEL_HOME": str(stack.home), "CHANNEL_SOURCE_CACHE": str(stack.home / f"sources-{core}")}
    worker = subprocess.Popen([sys.executable, "-m", "streaming", "worker"], env=environment, stderr=subprocess.DEVNULL)
    try:
        os.sched_setaffinity(worker.pid, {core})
        yield psutil.Process(worker.pid)
    finally:
        worker.terminate()
        worker.wait()


def _measure(stack: Stack, source: Path, workers: Sequence[psutil.Process], length: float) -> Measured:
    others = [part for name in ("api", "valkey", "s3") if (part := stack.find(name)) is not None]
    before, service = cpu_of(*workers), cpu_of(*others)
    asset, begun = upload(stack, source)
    until_ready(stack, asset)
    wall = time.perf_counter() - begun
    found = Measured(
        workers=len(workers), length=length, wall=wall,
        cpu=cpu_of(*workers) - before, service=cpu_of(*others) - service,
    )  # fmt: skip
    delete(stack, asset)
    return found


def measure(folder: Path, times: int) -> list[Measured]:
    """With one worker, and with twice as many again and again, until each core has one."""
    cores = sorted(os.sched_getaffinity(0))
    found = []
    own = Stack(home=folder / "home", port=free_port(), environment=_ONE_CORE, profiles=_FIXED)
    with running(own) as stack, ExitStack() as held:
        workers = [psutil.Process(stack.child("worker").pid)]
        _pinned(workers[0], cores[0])
        count = 1
        while count <= len(cores):
            workers += [held.enter_context(_another_worker(stack, core)) for core in cores[len(workers) : count]]
            await_workers(stack, count)
            source = looped(CLIP, folder, times=times * count)
            found.append(_measure(stack, source, workers, times * count * _CLIP_S))
            count *= 2
    return found


def simulated(costs: Costs, segments: int) -> list[tuple[int, float, float]]:
    """Workers, seconds, and the share of their time that they work on segments."""
    found = []
    for workers in SIMULATED:
        alone = Upload(name="upload", tenant="anna", segments=segments)
        simulate([alone], costs, workers=workers)
        found.append((workers, alone.done, segments * costs.segment / (workers * alone.done)))
    return found


def run(*, quick: bool = False) -> Result:
    """`quick`: a quarter of the length."""
    times = _QUICK if quick else TIMES
    with tempfile.TemporaryDirectory(prefix="scaling-") as name:
        folder = Path(name)
        source = looped(CLIP, folder, times=3)
        priced = costs(planned(source), source)
        measured = measure(folder, times)
    one = measured[0]
    rows = [
        (
            f"{each.workers}", f"measured, {each.length:.0f} s of 720p", f"{each.wall:.1f} s",
            f"{each.efficiency(one):.2f}", f"{each.cpu:.0f} s", f"{each.service:.0f} s",
        )
        for each in measured
    ]  # fmt: skip
    foreseen = {minutes: simulated(priced, minutes * _SEGMENTS_A_MINUTE) for minutes in LENGTHS}
    rows += [
        (f"{workers}", f"simulated, {minutes} min of 720p", f"{seconds:.0f} s", f"{efficiency:.2f}", "–", "–")
        for minutes, found in foreseen.items()
        for workers, seconds, efficiency in found
    ]
    return Result(
        name="Many workers",
        question=f"One upload ({CLIP}, repeated), workers with one core, one slot and one thread each. Measured: the "
        "upload is longer the more workers there are, and efficiency is what each of them makes in a second against "
        "one alone. Simulated: the share of their time that they work on segments, where a window costs "
        f"{priced.start:.2f} s to start (measured), {FETCH_S} s to fetch and {DISPATCH_S} s to dispatch, and a segment "
        f"{priced.segment:.2f} s (measured).",
        columns=("workers", "", "all of it made after", "efficiency", "CPU of the workers", "CPU of the service"),
        rows=tuple(rows),
        verdict="Target: ≥ 0.9 until the cores are full. API, Redis and object store share the workers' cores here; "
        "their CPU is what the last doubling cannot have.",
        numbers={
            "measured": [asdict(each) | {"efficiency": each.efficiency(one)} for each in measured],
            "simulated": foreseen, "costs": {"start": priced.start, "segment": priced.segment},
        },
    )  # fmt: skip
