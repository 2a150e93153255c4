"""What a kill -9 costs: time, and at most what was being encoded. Never an asset, never an object twice.

Each alone, to be read; `test_soak.py` has hundreds at random.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from transcoder.profile import DEFAULT, Encryption

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.e2e.service import Service

    Eventually = Callable[..., Awaitable[None]]

ENCRYPTED = replace(DEFAULT, encryption=Encryption.AES_128, key_rotation=4)
IN_HAND = 3
"""Windows of pictures that a worker has begun at most: the very first, one of those that follow, one of bulk."""


async def test_the_worker_is_killed(service: Service, clip: bytes, eventually: Eventually) -> None:
    service.start("api")
    worker = service.start("worker")
    asset = await service.upload(clip, profile=ENCRYPTED)
    await eventually(lambda: service.in_the_middle(asset.id), timeout=60)
    worker.kill()
    await eventually(lambda: service.encoders() == [])
    service.start("worker")
    await eventually(lambda: service.is_ready(asset.id), timeout=90)
    await service.check_whole(asset.id, more_starts=IN_HAND)


async def test_the_worker_is_asked_to_stop(service: Service, clip: bytes, eventually: Eventually) -> None:
    service.start("api")
    worker = service.start("worker")
    asset = await service.upload(clip)
    await eventually(lambda: service.in_the_middle(asset.id), timeout=60)
    worker.terminate()
    assert worker.wait(timeout=60) == 0
    assert service.encoders() == []
    service.start("worker")
    await eventually(lambda: service.is_ready(asset.id), timeout=90)
    await service.check_whole(asset.id, more_starts=IN_HAND)


async def test_redis_is_killed(service: Service, clip: bytes, eventually: Eventually) -> None:
    service.start("api")
    worker = service.start("worker")
    asset = await service.upload(clip)
    await eventually(lambda: service.in_the_middle(asset.id), timeout=60)
    service.valkey.kill()
    service.valkey.start()
    await eventually(lambda: service.is_ready(asset.id), timeout=90)
    await service.check_whole(asset.id, more_starts=IN_HAND)
    assert worker.poll() is None


async def test_redis_is_emptied(service: Service, clip: bytes, eventually: Eventually) -> None:
    service.start("api")
    worker = service.start("worker")
    asset = await service.upload(clip)
    await eventually(lambda: service.in_the_middle(asset.id), timeout=60)
    service.valkey.flush()
    await eventually(lambda: service.is_ready(asset.id), timeout=90)
    await service.check_whole(asset.id, more_starts=IN_HAND)
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
    await service.check_whole(asset.id, more_starts=IN_HAND)


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
    await service.check_whole(asset.id, more_starts=IN_HAND)
