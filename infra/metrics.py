"""Metrics of the infrastructure (Prometheus). Those of a capability stand beside it, in the same default registry.

Queue metrics are the same from every process: they are asked of the engine when somebody scrapes. A scaler (KEDA, an
HPA) goes by `channel_jobs_queued` and `channel_jobs_oldest_seconds` of a level.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Final

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest, start_http_server

from infra.errors import EngineUnavailable
from infra.ports import Level

if TYPE_CHECKING:
    from infra.ports import JobEngine

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
_PATIENCE_S: Final = 2.0

QUEUED: Final = Gauge("channel_jobs_queued", "Tasks that wait, by level.", ["level"])
RUNNING: Final = Gauge("channel_jobs_running", "Tasks that run now, by level.", ["level"])
OLDEST: Final = Gauge("channel_jobs_oldest_seconds", "How long the oldest waiting task has waited.", ["level"])
RUN_SECONDS: Final = Histogram(
    "channel_job_run_seconds",
    "How long runs of tasks took in this worker, by kind.",
    ["kind"],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160),
)
RUNS: Final = Counter(
    "channel_job_runs_total",
    "How runs of tasks ended in this worker: done, later (put off), failed (will be tried again), dead, stopped.",
    ["kind", "end"],
)


async def exposition(jobs: JobEngine) -> bytes:
    """All metrics of this process in the text format; the queue's are NaN while the engine does not answer."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            depths = await jobs.depth()
    except (EngineUnavailable, TimeoutError):
        depths = {}
    for level in Level:
        name, depth = level.name.lower(), depths.get(level)
        QUEUED.labels(name).set(math.nan if depth is None else depth.queued)
        RUNNING.labels(name).set(math.nan if depth is None else depth.running)
        OLDEST.labels(name).set(math.nan if depth is None else depth.oldest_s)
    return generate_latest()


def expose(*, host: str, port: int) -> None:
    """Serve this process's metrics over HTTP, for processes that have no server of their own (workers)."""
    start_http_server(port, addr=host)
