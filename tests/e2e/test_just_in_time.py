"""Many viewers at a segment that does not exist yet, over two API processes and two workers: one encode, all play."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import httpx
import pytest

from manifests.layout import segment
from transcoder.facts import read_plan

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from manifests.layout import AssetId, RenditionId
    from tests.e2e.service import Service
    from transcoder.plan import Plan

    Eventually = Callable[..., Awaitable[None]]

WANTED = 3
_ATTEMPTS = 4


async def planned(service: Service, clip: bytes, eventually: Eventually) -> Plan:
    """A published asset whose segment WANTED is not begun, but where a machine is so busy that this comes late."""
    asset = (await service.upload(clip)).id
    await service.catalogue.publish(asset)
    await eventually(lambda: service.is_planned(asset), timeout=60)
    return await read_plan(service.store, asset, 1)


def rendition(plan: Plan) -> RenditionId:
    assert plan.video is not None
    return plan.video.rungs[0].id


def key(plan: Plan) -> str:
    return segment(plan.asset, rendition(plan), WANTED)


async def watch(url: str, asset: AssetId, rung: RenditionId, client: httpx.AsyncClient) -> bytes:
    while (answer := await client.get(f"{url}/v/{asset}/{rung}/{WANTED}.m4s", timeout=60)).status_code == 503:
        pass
    assert answer.status_code == 200, answer.text
    return answer.content


async def test_a_hundred_viewers_cause_one_run_from_exactly_there(
    service: Service, clip: bytes, eventually: Eventually, free_port: Callable[[], int]
) -> None:
    other = f"http://127.0.0.1:{(second := free_port())}"
    service.start("api")
    service.start("api", port=second)
    await eventually(service.answers, timeout=60)
    await eventually(lambda: service.answers(other), timeout=60)
    service.start("worker")
    service.start("worker")
    urls = [(service.url, other)[number % 2] for number in range(100)]
    for _ in range(_ATTEMPTS):  # a window may have made it before anybody could ask
        before = service.starts()
        plan = await planned(service, clip, eventually)
        assert await watched(plan, urls) == {await service.store.read(key(plan))}
        await eventually(lambda plan=plan: service.is_ready(plan.asset), timeout=90)
        makers = [numbers for numbers in service.begun(plan) if WANTED in numbers]
        if len(makers) > 1 or makers[0].start == WANTED:
            break
    # Where a window had begun before, the run took over from it.
    assert [numbers.start for numbers in makers if numbers.start == WANTED] == [WANTED]
    assert len(makers) <= 2
    await service.check_whole(plan.asset, more_starts=before + 2)


async def watched(plan: Plan, urls: list[str]) -> set[bytes]:
    """What viewers get who ask at once."""
    bodies: set[bytes] = set()

    async def viewer(url: str) -> None:
        bodies.add(await watch(url, plan.asset, rendition(plan), client))

    limits = httpx.Limits(max_connections=len(urls))
    async with (
        httpx.AsyncClient(trust_env=False, limits=limits, timeout=60) as client,
        anyio.create_task_group() as viewers,
    ):
        for url in urls:
            viewers.start_soon(viewer, url)
    return bodies


@pytest.mark.parametrize("lost", ["the workers", "the claims"])
async def test_who_waits_is_not_left_alone(service: Service, clip: bytes, eventually: Eventually, lost: str) -> None:
    service.start("api")
    await eventually(service.answers, timeout=60)
    workers = [service.start("worker"), service.start("worker")]
    plan = await planned(service, clip, eventually)

    async def at_it() -> bool:
        return any(numbers.start == WANTED for numbers in service.begun(plan))

    async with httpx.AsyncClient(trust_env=False, timeout=60) as client, anyio.create_task_group() as viewers:
        viewers.start_soon(watch, service.url, plan.asset, rendition(plan), client)
        await eventually(at_it, timeout=60)
        if lost == "the workers":
            for worker in workers:
                worker.kill()
            service.start("worker")
        else:
            service.valkey.flush()
    assert await service.store.head(key(plan)) is not None
    await eventually(lambda: service.is_ready(plan.asset), timeout=120)
    written = service.versions()
    assert all(count == 1 for name, count in written.items() if name.endswith(".m4s")), "nobody wrote one twice"
