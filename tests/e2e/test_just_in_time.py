"""Many viewers at a segment that does not exist yet, over two API processes: one encode, and all of them play."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import httpx

from manifests.layout import segment
from transcoder.facts import read_plan

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.e2e.service import Service

    Eventually = Callable[..., Awaitable[None]]


async def test_a_hundred_viewers_cause_one_encode(
    service: Service, clip: bytes, eventually: Eventually, free_port: Callable[[], int]
) -> None:
    other = f"http://127.0.0.1:{(second := free_port())}"
    service.start("api")
    service.start("api", port=second)
    await eventually(service.answers)
    await eventually(lambda: service.answers(other))
    service.start("worker")
    asset = (await service.upload(clip)).id
    await service.catalogue.publish(asset)
    await eventually(lambda: service.is_planned(asset), timeout=60)
    plan = await read_plan(service.store, asset, 1)
    assert plan.video is not None
    rendition = plan.video.rungs[0].id
    key = segment(asset, rendition, 3)
    assert await service.store.head(key) is None, "the picture's third window is not begun yet"

    bodies: set[bytes] = set()

    async def watch(client: httpx.AsyncClient, url: str) -> None:
        answer = await client.get(f"{url}/v/{asset}/{rendition}/3.m4s", timeout=30)
        while answer.status_code == 503:
            answer = await client.get(f"{url}/v/{asset}/{rendition}/3.m4s", timeout=30)
        assert answer.status_code == 200, answer.text
        bodies.add(answer.content)

    limits = httpx.Limits(max_connections=100)
    async with httpx.AsyncClient(trust_env=False, limits=limits) as client, anyio.create_task_group() as viewers:
        for number in range(100):
            viewers.start_soon(watch, client, (service.url, other)[number % 2])
    assert bodies == {await service.store.read(key)}
    await eventually(lambda: service.is_ready(asset), timeout=90)
    # The window with the wanted segment takes two processes: one for it, one for what lies before it.
    await service.check_whole(asset, more_starts=1)
