from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
from prometheus_client.parser import text_string_to_metric_families

from infra.jobs import StreaqEngine
from infra.memory import MemoryEngine
from infra.metrics import expose, exposition
from infra.ports import Level, Task

if TYPE_CHECKING:
    from collections.abc import Callable


def _samples(text: str) -> dict[tuple[str, str], float]:
    return {
        (sample.name, sample.labels["level"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if "level" in sample.labels
    }


async def test_the_queue_is_counted_by_level_when_somebody_asks() -> None:
    engine = MemoryEngine()
    await engine.enqueue(
        *(Task(name=f"a/1/{number}", kind="window", group="a") for number in range(3)),
        Task(name="a/1/seek", kind="window", group="a", level=Level.JUST_IN_TIME),
    )
    found = _samples((await exposition(engine)).decode())
    assert found["channel_jobs_queued", "bulk"] == 3
    assert found["channel_jobs_queued", "just_in_time"] == 1
    assert found["channel_jobs_running", "live"] == 0
    assert found["channel_jobs_oldest_seconds", "first"] == 0


async def test_an_engine_that_is_away_is_not_an_empty_queue(free_port: Callable[[], int]) -> None:
    engine = StreaqEngine(f"redis://127.0.0.1:{free_port()}/0")
    found = _samples((await exposition(engine)).decode())
    assert found["channel_jobs_queued", "bulk"] != found["channel_jobs_queued", "bulk"]  # NaN
    await engine.close()


def test_a_worker_can_serve_its_metrics(free_port: Callable[[], int]) -> None:
    port = free_port()
    expose(host="127.0.0.1", port=port)
    assert "channel_job_run_seconds" in httpx.get(f"http://127.0.0.1:{port}/metrics").text
