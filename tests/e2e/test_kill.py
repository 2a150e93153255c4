"""What a kill -9 costs: time, and at most the window that was being encoded. Never an asset, never an object twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.service import Service, make_clip, prepared

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from infra.s3 import S3Store
    from infra.settings import S3Settings

    Eventually = Callable[..., Awaitable[None]]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, ffmpeg: str) -> bytes:
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", ffmpeg)


@pytest.fixture
async def service(
    tmp_path: Path,
    valkey_server: Any,
    s3_settings: S3Settings,
    store: S3Store,
    ffmpeg: str,
    free_port: Callable[[], int],
) -> AsyncIterator[Service]:
    parts = {"valkey": valkey_server, "s3": s3_settings, "store": store, "ffmpeg": ffmpeg, "port": free_port()}
    async with prepared(tmp_path / "home", **parts) as service:
        yield service


async def test_the_worker_is_killed(service: Service, clip: bytes, eventually: Eventually) -> None:
    service.start("api")
    worker = service.start("worker")
    asset = await service.upload(clip)
    await eventually(lambda: service.in_the_middle(asset.id), timeout=60)
    worker.kill()
    await eventually(lambda: service.encoders() == [])
    service.start("worker")
    await eventually(lambda: service.is_ready(asset.id), timeout=90)
    await service.check_whole(asset.id, more_starts=1)


async def test_the_worker_is_asked_to_stop(service: Service, clip: bytes, eventually: Eventually) -> None:
    service.start("api")
    worker = service.start("worker")
    asset = await service.upload(clip)
    await eventually(lambda: service.in_the_middle(asset.id), timeout=60)
    worker.terminate()
    assert worker.wait(timeout=15) == 0
    assert service.encoders() == []
    service.start("worker")
    await eventually(lambda: service.is_ready(asset.id), timeout=90)
    await service.check_whole(asset.id, more_starts=1)


async def test_redis_is_killed(service: Service, clip: bytes, eventually: Eventually) -> None:
    service.start("api")
    worker = service.start("worker")
    asset = await service.upload(clip)
    await eventually(lambda: service.in_the_middle(asset.id), timeout=60)
    service.valkey.kill()
    service.valkey.start()
    await eventually(lambda: service.is_ready(asset.id), timeout=90)
    await service.check_whole(asset.id, more_starts=1)
    assert worker.poll() is None


async def test_redis_is_emptied(service: Service, clip: bytes, eventually: Eventually) -> None:
    service.start("api")
    worker = service.start("worker")
    asset = await service.upload(clip)
    await eventually(lambda: service.in_the_middle(asset.id), timeout=60)
    service.valkey.flush()
    await eventually(lambda: service.is_ready(asset.id), timeout=90)
    await service.check_whole(asset.id, more_starts=1)
    assert worker.poll() is None


async def test_the_api_is_killed(service: Service, clip: bytes, eventually: Eventually) -> None:
    api = service.start("api")
    service.start("worker")
    asset = await service.upload(clip)
    await eventually(lambda: service.in_the_middle(asset.id), timeout=60)
    api.kill()
    service.valkey.flush()  # while nobody is there to ask again
    service.start("api")
    await eventually(service.answers)
    await eventually(lambda: service.is_ready(asset.id), timeout=90)
    await service.check_whole(asset.id, more_starts=1)


async def test_everything_is_killed(service: Service, clip: bytes, eventually: Eventually) -> None:
    api, worker = service.start("api"), service.start("worker")
    asset = await service.upload(clip)
    await eventually(lambda: service.in_the_middle(asset.id), timeout=60)
    for process in (api, worker):
        process.kill()
    service.valkey.kill()
    service.valkey.start()
    service.start("api")
    service.start("worker")
    await eventually(lambda: service.is_ready(asset.id), timeout=90)
    await service.check_whole(asset.id, more_starts=1)


async def test_an_asset_is_deleted_while_it_is_encoded(service: Service, clip: bytes, eventually: Eventually) -> None:
    service.start("api")
    service.start("worker")
    asset = await service.upload(clip)
    await eventually(lambda: service.in_the_middle(asset.id), timeout=60)
    await service.catalogue.delete(asset.id)
    await eventually(lambda: service.encoders() == [])

    async def swept() -> bool:
        return [each async for each in service.store.list("")] == []

    await eventually(swept, timeout=30)
    assert await service.jobs.pending(asset.id) == frozenset()
