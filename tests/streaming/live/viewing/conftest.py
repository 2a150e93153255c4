"""What tests of watching share: a channel on air, and an API process that follows it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from infra.tasks import end
from tests.streaming.live.stage import Stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from infra.redis_cache import RedisCache
    from infra.s3 import S3Store
    from streaming.services import Services


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'test.db'}"


@pytest.fixture
async def stage(services: Services, cache: RedisCache, store: S3Store) -> AsyncIterator[Stage]:
    await services.channels.create(title="Arena", channel_id="arena", created_by="me")
    stage = Stage(cache, store)
    # A busy machine must not make a request wait for longer than it may.
    services.viewing._clock = lambda: stage.now
    yield stage
    await stage.broadcast.aclose()


@pytest.fixture
async def followed(services: Services) -> AsyncIterator[None]:
    following = asyncio.create_task(services.followers.run())
    yield
    await end(following)
