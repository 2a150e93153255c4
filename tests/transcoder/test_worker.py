"""The worker as a process: it waits for its servers, and ends when it is asked to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import httpx

from infra.jobs import StreaqEngine
from manifests.layout import AssetId
from transcoder.windows import index_task

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from infra.s3 import S3Store
    from infra.settings import S3Settings


def start(home: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "streaming", "worker"],
        env=os.environ | {"CHANNEL_HOME": str(home), "CHANNEL_REDIS_URL": "redis://127.0.0.1:1/0"} | environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_setting_that_makes_no_sense_is_one_line(tmp_path: Path) -> None:
    worker = start(tmp_path, {"CHANNEL_WORKER_SLOTS": "many"})
    _, said = worker.communicate()
    assert worker.returncode == 1
    assert said == "channel: CHANNEL_WORKER_SLOTS: 'many' is not a whole number\n"


async def test_it_waits_for_redis_works_and_ends(
    tmp_path: Path,
    valkey_server: Any,
    s3_settings: S3Settings,
    store: S3Store,
    free_port: Callable[[], int],
    eventually: Callable[..., Awaitable[None]],
) -> None:
    metrics = free_port()
    valkey_server.kill()
    worker = start(
        tmp_path,
        {
            "CHANNEL_REDIS_URL": valkey_server.url,
            "CHANNEL_S3_ENDPOINT_URL": str(s3_settings.endpoint_url),
            "CHANNEL_S3_BUCKET": s3_settings.bucket,
            "CHANNEL_S3_ACCESS_KEY_ID": "test",
            "CHANNEL_S3_SECRET_ACCESS_KEY": "testtest",
            "CHANNEL_WORKER_METRICS_PORT": str(metrics),
        },
    )

    async def measures() -> bool:
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            try:
                return "channel_published_objects_total" in (await client.get(f"http://127.0.0.1:{metrics}/")).text
            except httpx.HTTPError:
                return False

    await eventually(measures)
    valkey_server.start()
    jobs = StreaqEngine(valkey_server.url)
    asset = AssetId("nobody")
    await jobs.enqueue(index_task(asset, 1))  # of an asset that is gone: nothing to do

    async def idle() -> bool:
        return not await jobs.pending(asset)

    await eventually(idle, timeout=60)
    await jobs.close()
    worker.send_signal(signal.SIGTERM)
    worker.communicate()
    assert worker.returncode == 0
    assert [stat async for stat in store.list("")] == []
