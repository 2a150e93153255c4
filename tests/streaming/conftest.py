"""A whole API over real servers, but for the queue: what is enqueued can be looked at."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from infra.memory import MemoryEngine
from infra.settings import InfraSettings
from infra.sql import open_engine
from streaming.app import build_app
from streaming.services import Infrastructure, assemble
from streaming.settings import ServiceSettings
from streaming.tables import metadata

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncEngine
    from starlette.applications import Starlette

    from infra.redis_cache import RedisCache
    from infra.s3 import S3Store
    from infra.settings import S3Settings
    from streaming.http.auth import Role
    from streaming.services import Services


@pytest.fixture
async def tables(database_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine on a database with all tables."""
    engine = open_engine(database_url)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield engine
    await engine.dispose()


@pytest.fixture
def jobs() -> MemoryEngine:
    return MemoryEngine()


@pytest.fixture
def settings(tmp_path: Path, s3_settings: S3Settings) -> ServiceSettings:
    return ServiceSettings(
        infra=InfraSettings(home=tmp_path / "home", s3=s3_settings),
        web_dist=tmp_path / "dist",
        segment_wait=timedelta(milliseconds=200),
    )


@pytest.fixture
def services(
    settings: ServiceSettings, store: S3Store, cache: RedisCache, jobs: MemoryEngine, tables: AsyncEngine
) -> Services:
    return assemble(settings, Infrastructure(store=store, multipart=store, cache=cache, jobs=jobs, sql=tables))


@pytest.fixture
def app(services: Services) -> Starlette:
    return build_app(services)


@pytest.fixture
async def client(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """Sends as nobody in particular."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://channel.test") as client:
        yield client


@pytest.fixture
def bearer(services: Services) -> Callable[[Role], Awaitable[dict[str, str]]]:
    """`await bearer(Role.EDITOR)`: the header of a fresh token with this role."""

    async def make(role: Role) -> dict[str, str]:
        made = await services.tokens.create(role=role, name=f"a {role}")
        return {"Authorization": f"Bearer {made.secret}"}

    return make
