"""A job engine on a real Valkey, and worker processes on demand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff

from infra.jobs import StreaqEngine
from tests.infra.jobs_journal import Journal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    Eventually = Callable[..., Awaitable[None]]
    Start = Callable[..., Awaitable[subprocess.Popen[bytes]]]

ROOT = Path(__file__).parents[2]
WORKER = Path(__file__).parent / "jobs_worker.py"


@pytest.fixture
def url(valkey_url: str) -> str:
    return valkey_url


@pytest.fixture
async def engine(url: str) -> AsyncIterator[StreaqEngine]:
    engine = StreaqEngine(url)
    yield engine
    await engine.close()


@pytest.fixture
async def journal(url: str) -> AsyncIterator[Journal]:
    redis = Redis.from_url(url, retry=Retry(ConstantBackoff(0.1), 100))
    yield Journal(redis)
    await redis.aclose()


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        process.kill()
    for process in started:
        process.wait()


@pytest.fixture
def start(url: str, journal: Journal, processes: list[subprocess.Popen[bytes]], eventually: Eventually) -> Start:
    """`await start(bulk=2, urgent=1)`: a worker process that is up.

    `idle_s`: how long after a worker's death its tasks run elsewhere. A live one that stands still longer on a busy
    machine is taken for dead too.
    """

    async def start(bulk: int = 2, urgent: int = 1, idle_s: float = 60) -> subprocess.Popen[bytes]:
        before = int(await journal.redis.get("workers") or 0)
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, WORKER, url, str(bulk), str(urgent), str(idle_s)]
        process = subprocess.Popen(command, env=environment)  # noqa: ASYNC220 - it outlives this coroutine
        processes.append(process)

        async def up() -> bool:
            assert process.poll() is None
            return int(await journal.redis.get("workers") or 0) > before

        await eventually(up)
        return process

    return start
