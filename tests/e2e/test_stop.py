"""What ends an encode for good: an editor who deletes or cancels it, a source that kills every worker it meets."""

from __future__ import annotations

import asyncio
import time
from base64 import b64encode
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

import anyio
import httpx
import psutil
import pytest
from redis import Redis

from streaming.catalog.model import AssetState
from streaming.http.auth import Role
from streaming.tokens.service import Tokens
from streaming.upload.tus import BODY_TYPE
from tests.e2e.service import make_clip
from transcoder.facts import read_plan
from transcoder.schedule.front import speed_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from manifests.layout import AssetId
    from tests.e2e.service import Service

    Eventually = Callable[..., Awaitable[None]]
    Scene = Callable[[Service, bytes, Eventually], AbstractAsyncContextManager[AssetId]]

_AT_MOST_S: Final = 2.0
_WANTED: Final = 3
"""A segment that no window has begun when somebody asks for it."""
_ATTEMPTS: Final = 10


@asynccontextmanager
async def windows(service: Service, clip: bytes, eventually: Eventually) -> AsyncIterator[AssetId]:
    """Half of it is encoded."""
    asset = (await service.upload(clip)).id
    await eventually(lambda: service.in_the_middle(asset), timeout=60)
    yield asset


@asynccontextmanager
async def index(service: Service, clip: bytes, eventually: Eventually) -> AsyncIterator[AssetId]:
    """The child that indexes it is at work, and does not get on."""

    def catch() -> bool:
        # It lives for a tenth of a second, so nobody waits between two looks.
        until = time.monotonic() + 60
        while time.monotonic() < until:
            for child in service.children():
                with suppress(psutil.NoSuchProcess):
                    if any("index_child" in word for word in child.cmdline()):
                        child.suspend()
                        return True
        return False

    catching = asyncio.create_task(asyncio.to_thread(catch))
    asset = (await service.upload(clip)).id
    assert await catching
    assert not await service.is_planned(asset), "the index was too fast for the test"
    yield asset


@asynccontextmanager
async def run(service: Service, clip: bytes, eventually: Eventually) -> AsyncIterator[AssetId]:
    """A viewer waits for a segment in the middle, and an encoder has begun with that."""
    asset = (await service.upload(clip)).id
    await service.catalogue.publish(asset)
    await eventually(lambda: service.is_planned(asset), timeout=60)
    plan = await read_plan(service.store, asset, 1)
    assert plan.video is not None
    url = f"/v/{asset}/{plan.video.rungs[0].id}/{_WANTED}.m4s"

    async def watch() -> None:
        while (await client.get(url, timeout=60)).status_code == 503:
            pass

    async with (
        httpx.AsyncClient(base_url=service.url, trust_env=False, timeout=60) as client,
        anyio.create_task_group() as viewers,
    ):
        viewers.start_soon(watch)
        await eventually(lambda: any(numbers.start == _WANTED for numbers in service.begun(plan)), timeout=60)
        yield asset
        viewers.cancel_scope.cancel()


@asynccontextmanager
async def upload(service: Service, clip: bytes, eventually: Eventually) -> AsyncIterator[AssetId]:
    """Two thirds have arrived, are scanned and encoded; the rest is refused once it was stopped."""
    asset = (await service.catalogue.create(titles={"en": "A race"}, created_by="test")).id
    token = await Tokens(sql=service.sql).create(role=Role.PUBLISHER, name="test")
    headers = {"Authorization": f"Bearer {token.secret}", "Tus-Resumable": "1.0.0"}
    named = {"Upload-Length": str(len(clip)), "Upload-Metadata": f"asset {b64encode(asset.encode()).decode()}"}
    async with httpx.AsyncClient(base_url=service.url, headers=headers, trust_env=False, timeout=60) as client:
        url = (await client.post("/api/uploads", headers=named)).headers["Location"]
        body = {"Content-Type": BODY_TYPE, "Upload-Offset": "0"}
        part = clip[: len(clip) * 2 // 3]
        assert (await client.patch(url, headers=body, content=part)).status_code == 204

        async def is_made() -> bool:
            return await service.segments(asset) > 0

        await eventually(is_made, timeout=60)
        yield asset
        body["Upload-Offset"] = str(len(part))
        assert (await client.patch(url, headers=body, content=clip[len(part) :])).status_code in (404, 410)


async def _stops(service: Service, asset: AssetId, how: str, eventually: Eventually) -> bool:
    """Whether no process that works for an asset is left two seconds after it was stopped."""
    # One may just have ended, and the next not have begun.
    await eventually(lambda: bool(service.children()))
    await (service.catalogue.delete if how == "delete" else service.catalogue.cancel)(asset)
    with suppress(TimeoutError):
        await eventually(lambda: not (service.children() or service.encoders()), timeout=_AT_MOST_S)
        return True
    return False


@pytest.mark.parametrize(
    ("scene", "how"),
    [
        (windows, "delete"),
        (windows, "cancel"),
        (index, "delete"),
        (index, "cancel"),
        (run, "delete"),
        (upload, "delete"),
    ],
)
async def test_what_is_stopped_ends_within_two_seconds_and_leaves_nothing(
    service: Service, clip: bytes, tmp_path: Path, ffmpeg: str, eventually: Eventually, scene: Scene, how: str
) -> None:
    service.start("api")
    service.start("worker")
    await eventually(service.answers, timeout=60)
    if scene is upload:
        # It can be played while it arrives, and what has arrived keeps the worker busy for a while.
        clip = make_clip(tmp_path / "clip.ts", ffmpeg, seconds=60)
    for left in reversed(range(_ATTEMPTS)):  # other tests may have the cores for a moment
        async with scene(service, clip, eventually) as asset:
            in_time = await _stops(service, asset, how, eventually)
        if in_time:
            break
        assert left, f"its processes ran on for {_AT_MOST_S} s"
        await eventually(lambda: service.children() == [])
    with suppress(TimeoutError):
        await eventually(lambda: _nothing_is_left(service, asset), timeout=60)
    assert await _left(service, asset) == []


async def _nothing_is_left(service: Service, asset: AssetId) -> bool:
    return not await _left(service, asset)


async def _left(service: Service, asset: AssetId) -> list[object]:
    """Objects, tasks, temporary files, what is in Redis, processes. A speed that is noted as its version is forgotten
    runs out by itself."""
    objects = [each.key async for each in service.store.list("")]
    tasks = await service.jobs.pending(asset)
    files = list((service.home / "scratch").glob("*/*"))
    with Redis.from_url(service.valkey.url, decode_responses=True) as client:
        keys = list(client.scan_iter(f"*{asset}*"))
    keys = [key for key in keys if not key.startswith(speed_key(asset, ""))]
    return [*objects, *tasks, *files, *keys, *service.children()]


async def test_a_cancelled_asset_takes_another_upload(service: Service, clip: bytes, eventually: Eventually) -> None:
    service.start("api")
    service.start("worker")
    asset = await service.upload(clip)
    await eventually(lambda: service.in_the_middle(asset.id), timeout=60)
    await service.catalogue.cancel(asset.id)
    cancelled = await service.catalogue.get(asset.id)
    assert cancelled.failure is not None
    assert (cancelled.state, cancelled.failure.code) == (AssetState.FAILED, "cancelled")
    await service.upload(clip, asset=asset.id)
    await eventually(lambda: service.is_ready(asset.id), timeout=90)


@pytest.mark.timeout(600)
async def test_a_source_that_kills_its_workers_fails_and_takes_no_other_with_it(
    service: Service, tmp_path: Path, ffmpeg: str, eventually: Eventually
) -> None:
    clip = make_clip(tmp_path / "short.mp4", ffmpeg, seconds=4)
    service.environment["CHANNEL_WORKER_TRIES"] = "2"
    service.start("api")
    worker = service.start("worker")
    poisoned = await service.upload(clip)
    service.poison(poisoned.id)
    good = await service.upload(clip)

    def has_worker() -> None:
        """Another one, as a supervisor would start it: what had begun with the poison kills after its end, too."""
        nonlocal worker
        if worker.poll() is not None:
            worker = service.start("worker")

    async def failed() -> bool:
        has_worker()
        return (await service.catalogue.get(poisoned.id)).state is AssetState.FAILED

    async def is_good_ready() -> bool:
        has_worker()
        return await service.is_ready(good.id)

    await eventually(failed, timeout=240)
    found = await service.catalogue.get(poisoned.id)
    assert found.failure is not None
    assert found.failure.code == "abandoned"
    assert "TaskAbandoned" in found.failure.cause
    await eventually(is_good_ready, timeout=120)

    async def is_forgotten() -> bool:
        has_worker()
        return not await service.jobs.pending(poisoned.id)

    await eventually(is_forgotten, timeout=120)
    assert worker.poll() is None
