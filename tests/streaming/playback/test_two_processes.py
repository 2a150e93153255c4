from __future__ import annotations

import asyncio
import os
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from redis import Redis

from manifests.layout import RenditionId
from transcoder.signals import asset_channel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = Path(__file__).resolve().parents[3]
VIDEO = RenditionId("v360-1")


@asynccontextmanager
async def process(*arguments: str) -> AsyncIterator[httpx.AsyncClient]:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.streaming.playback.serve", *arguments, cwd=ROOT, env=dict(os.environ),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        port = int(await child.stdout.readline())
        limits = httpx.Limits(max_connections=100)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", limits=limits, timeout=60) as client:
            yield client
    finally:
        child.stdin.close()
        await child.wait()


async def test_two_processes_wait_for_one_encode(stage, valkey_url, s3_settings, tmp_path, eventually) -> None:
    plan = await stage.playable()
    database = f"sqlite:///{tmp_path / 'catalogue.db'}"
    arguments = (valkey_url, s3_settings.endpoint_url, s3_settings.bucket, database)
    async with AsyncExitStack() as running:
        clients = [await running.enter_async_context(process(*arguments)) for _ in range(2)]
        path = f"/v/{plan.asset}/{VIDEO}/2.m4s"
        waiting = [asyncio.create_task(client.get(path)) for client in clients for _ in range(50)]
        with Redis.from_url(valkey_url) as redis:

            def both_listen() -> bool:
                return dict(redis.pubsub_numsub(asset_channel(plan.asset)))[asset_channel(plan.asset).encode()] == 2

            await eventually(both_listen)

        async def asked() -> list[str]:
            answers = await asyncio.gather(*(client.get(f"/pending/{plan.asset}") for client in clients))
            return [name for answer in answers for name in answer.json()]

        async def is_asked() -> bool:
            return bool(await asked())

        await eventually(is_asked)
        assert await asked() == [f"{plan.asset}/1/run/{VIDEO}/2"]
        await stage.land(plan, VIDEO, 2, b"segment two")
        answers = await asyncio.gather(*waiting)
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, b"segment two")}
