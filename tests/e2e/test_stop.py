"""What ends an encode for good: an editor who deletes or cancels it, a source that kills every worker it meets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio
import pytest
from redis import Redis

from streaming.catalog.model import AssetState
from tests.e2e.service import make_clip

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from manifests.layout import AssetId
    from tests.e2e.service import Service

    Eventually = Callable[..., Awaitable[None]]

_AT_MOST_S: Final = 2.0
_ATTEMPTS: Final = 3


async def _stops(service: Service, asset: AssetId, how: str) -> bool:
    """Whether no encoder of an asset is left two seconds after it was stopped."""
    assert service.encoders()
    await (service.catalogue.delete if how == "delete" else service.catalogue.cancel)(asset)
    with anyio.move_on_after(_AT_MOST_S):
        while service.encoders():  # noqa: ASYNC110 - other processes
            await anyio.sleep(0.02)
        return True
    return False


@pytest.mark.parametrize("how", ["delete", "cancel"])
async def test_a_stopped_encode_ends_within_two_seconds_and_leaves_nothing(
    service: Service, clip: bytes, eventually: Eventually, how: str
) -> None:
    service.start("api")
    service.start("worker")
    for left in reversed(range(_ATTEMPTS)):  # other tests may have the cores for a moment
        asset = await service.upload(clip)
        await eventually(lambda asset=asset: service.in_the_middle(asset.id), timeout=60)
        if await _stops(service, asset.id, how):
            break
        assert left, f"its encoders ran on for {_AT_MOST_S} s"
        await eventually(lambda: service.encoders() == [])

    async def swept() -> bool:
        return [each async for each in service.store.list("")] == []

    await eventually(swept, timeout=30)
    assert await service.jobs.pending(asset.id) == frozenset()
    assert service.encoders() == []
    with Redis.from_url(service.valkey.url, decode_responses=True) as client:
        assert [key for key in client.scan_iter(f"*{asset.id}*") if client.ttl(key) == -1] == []


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


@pytest.mark.timeout(400)
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

    async def failed() -> bool:
        nonlocal worker
        if worker.poll() is not None:
            worker = service.start("worker")
        return (await service.catalogue.get(poisoned.id)).state is AssetState.FAILED

    await eventually(failed, timeout=240)
    found = await service.catalogue.get(poisoned.id)
    assert found.failure is not None
    assert found.failure.code == "encode_failed"
    assert "TaskAbandoned" in found.failure.cause
    await eventually(lambda: service.is_ready(good.id), timeout=90)
    assert worker.poll() is None
