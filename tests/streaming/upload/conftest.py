from __future__ import annotations

import asyncio
import random
import threading
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import uvicorn
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.exceptions import HTTPException

import streaming.tokens.tables
import streaming.upload.tables  # noqa: F401
from infra.errors import InfraError
from infra.memory import MemoryCache, MemoryEngine, MemoryStore
from infra.redis_cache import RedisCache
from infra.s3 import S3Store
from infra.settings import S3Settings
from infra.sql import metadata, open_engine
from streaming.catalog.service import Catalogue
from streaming.clock import utc_now
from streaming.http.auth import Role
from streaming.http.problem import ApiError, Unavailable, from_status, problem_response
from streaming.tokens.service import Tokens
from streaming.upload.api import routes
from streaming.upload.incoming import Incoming
from streaming.upload.service import Uploads
from streaming.upload.settings import UploadSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Message

    from infra.ports import Part


MIB = 1 << 20
SETTINGS = UploadSettings(
    part_bytes=5 * MIB,
    max_bytes=64 * MIB,
    lease=timedelta(seconds=1),
    patience=timedelta(seconds=2),
    stall=timedelta(milliseconds=200),
    idle=timedelta(seconds=20),
)


@pytest.fixture(scope="session")
def noise() -> bytes:
    """17 MiB in which every offset is told apart from every other."""
    return random.Random(7).randbytes(17 * MIB)


def _incoming(*pieces: bytes, cut: bool = False) -> Incoming:
    messages: list[Message] = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    messages.append({"type": "http.disconnect"} if cut else {"type": "http.request", "body": b"", "more_body": False})
    left = iter(messages)

    async def receive() -> Message:
        return next(left)

    return Incoming(receive, idle=timedelta(seconds=5))


@pytest.fixture(scope="session")
def incoming() -> Callable[..., Incoming]:
    """`incoming(b"…", b"…", cut=True)`: the body of a request, as an ASGI server hands it over."""
    return _incoming


class Killed(BaseException):
    """The process died here: nothing after this line ran."""


class DeadlyStore(MemoryStore):
    """A store whose client is killed before or after the request that `fuse` counts down to."""

    killed = Killed

    def __init__(self) -> None:
        super().__init__()
        self.fuse = -1

    async def _burn(self, request: Awaitable[Any]) -> Any:
        self.fuse -= 1
        if self.fuse == 0:
            if asyncio.iscoroutine(request):
                request.close()
            raise Killed
        answer = await request
        self.fuse -= 1
        if self.fuse == 0:
            raise Killed
        return answer

    async def put(self, key: str, body: bytes, **more: Any) -> Any:
        return await self._burn(super().put(key, body, **more))

    async def put_part(self, key: str, upload_id: str, number: int, body: bytes) -> Part:
        return await self._burn(super().put_part(key, upload_id, number, body))  # type: ignore[no-any-return]

    async def begin(self, key: str, *, content_type: str) -> str:
        return await self._burn(super().begin(key, content_type=content_type))  # type: ignore[no-any-return]

    async def complete(self, key: str, upload_id: str, parts: Any) -> Any:
        return await self._burn(super().complete(key, upload_id, parts))

    async def delete(self, keys: Any) -> None:
        await self._burn(super().delete(keys))


@pytest.fixture(scope="session")
def deadly_store_of() -> type[DeadlyStore]:
    return DeadlyStore


@dataclass(kw_only=True)
class Bench:
    """A whole upload service over memory and a real database, with a clock that the test winds."""

    sql: AsyncEngine
    store: MemoryStore = field(default_factory=MemoryStore)
    cache: MemoryCache = field(default_factory=MemoryCache)
    jobs: MemoryEngine = field(default_factory=MemoryEngine)
    now: datetime = datetime(2026, 7, 1, 12, tzinfo=UTC)

    def __post_init__(self) -> None:
        self.catalogue = Catalogue(sql=self.sql, cache=self.cache, jobs=self.jobs, clock=lambda: self.now)
        self.uploads = self.process()

    def process(self) -> Uploads:
        """The service of one more API process."""
        return Uploads(
            settings=SETTINGS, sql=self.sql, store=self.store, multipart=self.store, cache=self.cache,
            catalogue=self.catalogue, clock=lambda: self.now,
        )  # fmt: skip


@pytest.fixture(scope="session")
def bench_of() -> type[Bench]:
    """`bench_of(sql=…, store=…)`: a bench over another store."""
    return Bench


@pytest.fixture
async def sql_tables(sql_engine: AsyncEngine) -> AsyncEngine:
    """A database with all tables."""
    async with sql_engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    return sql_engine


@pytest.fixture
def bench(sql_tables: AsyncEngine) -> Bench:
    return Bench(sql=sql_tables)


@dataclass(frozen=True, kw_only=True)
class Server:
    """A real HTTP server with the upload routes, over S3, Redis and SQL servers."""

    url: str
    editor: str
    publisher: str
    viewer: str
    s3: S3Settings

    def client(self, token: str | None = None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token or self.editor}", "Tus-Resumable": "1.0.0"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30)


def _problem(_: Request, error: Exception) -> Response:
    if isinstance(error, ApiError):
        return problem_response(error)
    if isinstance(error, HTTPException):
        return problem_response(from_status(error.status_code, error.detail, error.headers))
    return problem_response(Unavailable(str(error)))


@pytest.fixture
def server(tmp_path: Path, s3_settings: S3Settings, valkey_url: str, free_port: Callable[[], int]) -> Iterator[Server]:
    made: dict[Role, str] = {}

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        sql = open_engine(f"sqlite:///{tmp_path / 'server.db'}")
        async with sql.begin() as connection:
            await connection.run_sync(metadata.create_all)
        store, cache = S3Store(s3_settings), RedisCache(valkey_url)
        await store.ensure_bucket()
        catalogue = Catalogue(sql=sql, cache=cache, jobs=MemoryEngine())
        tokens = Tokens(sql=sql)
        for role in (Role.EDITOR, Role.PUBLISHER, Role.VIEWER_SERVICE):
            made[role] = (await tokens.create(role=role, name=role)).secret
        app.state.authenticator = tokens
        uploads = Uploads(
            settings=SETTINGS, sql=sql, store=store, multipart=store, cache=cache, catalogue=catalogue, clock=utc_now
        )
        app.router.routes.extend(routes(uploads))
        yield
        await cache.aclose()
        await store.aclose()
        await sql.dispose()

    app = Starlette(
        lifespan=lifespan, exception_handlers=dict.fromkeys((ApiError, HTTPException, InfraError), _problem)
    )
    port = free_port()
    running = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", timeout_graceful_shutdown=2))
    thread = threading.Thread(target=running.run)
    thread.start()
    while not running.started:
        assert thread.is_alive()
        thread.join(0.01)
    yield Server(
        url=f"http://127.0.0.1:{port}", editor=made[Role.EDITOR], publisher=made[Role.PUBLISHER],
        viewer=made[Role.VIEWER_SERVICE], s3=s3_settings,
    )  # fmt: skip
    running.should_exit = True
    thread.join()
