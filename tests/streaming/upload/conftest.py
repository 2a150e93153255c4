from __future__ import annotations

import asyncio
import random
import socket
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import uvicorn
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.memory import MemoryCache, MemoryEngine, MemoryStore
from manifests import layout
from streaming.catalog.service import Catalogue
from streaming.http.auth import Role
from streaming.profiles.folder import ProfileFolder
from streaming.tables import metadata
from streaming.upload.incoming import Incoming
from streaming.upload.model import NewUpload, UploadKind
from streaming.upload.service import Uploads
from streaming.upload.settings import UploadSettings
from transcoder.encryption.key_store import KeyStore
from transcoder.sources.pieces import find_source

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.applications import Starlette
    from starlette.types import Message

    from infra.ports import Part
    from infra.s3 import S3Store
    from streaming.settings import ServiceSettings
    from streaming.upload.model import Upload

MIB = 1 << 20
SETTINGS = UploadSettings(
    part_bytes=5 * MIB,
    max_bytes=64 * MIB,
    lease=timedelta(seconds=1),
    patience=timedelta(seconds=2),
    stall=timedelta(milliseconds=500),
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


class Line:
    """A connection: bytes that the test sends, when it sends them."""

    def __init__(self) -> None:
        self._messages: asyncio.Queue[Message] = asyncio.Queue()
        self._waiting = False
        self.body = Incoming(self._receive, idle=timedelta(seconds=10))

    async def _receive(self) -> Message:
        self._waiting = self._messages.empty()
        message = await self._messages.get()
        self._waiting = False
        return message

    def send(self, body: bytes, *, more: bool = True) -> None:
        self._messages.put_nowait({"type": "http.request", "body": body, "more_body": more})

    def cut(self) -> None:
        self._messages.put_nowait({"type": "http.disconnect"})

    def read(self) -> bool:
        """Everything that was sent has been read, and the reader waits for more."""
        return self._waiting and self._messages.empty()


@pytest.fixture(scope="session")
def line_of() -> type[Line]:
    return Line


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

    async def read(self, key: str) -> bytes:
        return await self._burn(super().read(key))  # type: ignore[no-any-return]

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
    profiles: Path = field(default_factory=lambda: Path("no folder"))
    now: datetime = datetime(2026, 7, 1, 12, tzinfo=UTC)

    def __post_init__(self) -> None:
        self.catalogue = Catalogue(sql=self.sql, cache=self.cache, jobs=self.jobs, clock=lambda: self.now)
        self.processes: list[Uploads] = []
        self.uploads = self.process()

    def process(self) -> Uploads:
        """The service of one more API process."""
        made = Uploads(
            settings=SETTINGS, sql=self.sql, store=self.store, multipart=self.store, cache=self.cache,
            catalogue=self.catalogue, profiles=ProfileFolder(self.profiles), keys=KeyStore(self.store),
            clock=lambda: self.now,
        )  # fmt: skip
        self.processes.append(made)
        return made

    async def begin(self, length: int | None, **more: Any) -> Upload:
        """An upload of so many bytes; None: it will be said later."""
        new = NewUpload(length=length, filename="goal.mp4", titles={"en": "Goal"}, **more)
        return await self.uploads.begin(new, kind=UploadKind.TUS, created_by="test")

    async def drain(self) -> None:
        """Let all processes say and store what they still have in hand."""
        for process in self.processes:
            await process.drain()

    async def readable(self, upload: Upload) -> bytes:
        """The bytes of an upload that a worker can read now."""
        source = await find_source(self.store, upload.asset, upload.version)
        return b"" if source is None else b"".join([await self.store.read(piece.key) for piece in source.pieces])

    async def keys(self, prefix: str = "") -> list[str]:
        """All that lies in the bucket."""
        return [stat.key async for stat in self.store.list(prefix)]

    async def source(self, upload: Upload) -> bytes:
        """The bytes of an upload that has arrived, beside which nothing else lies."""
        source = await find_source(self.store, upload.asset, upload.version)
        assert source is not None
        assert source.whole
        kept = {layout.source(upload.asset, upload.version), *(piece.key for piece in source.pieces)}
        assert set(await self.keys(layout.source_prefix(upload.asset, upload.version))) == kept
        return await self.readable(upload)


@pytest.fixture(scope="session")
def bench_of() -> type[Bench]:
    """`bench_of(sql=…)`: a bench over another database, for tests that make several."""
    return Bench


@pytest.fixture
async def sql_tables(sql_engine: AsyncEngine) -> AsyncEngine:
    """A database with all tables."""
    async with sql_engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    return sql_engine


@pytest.fixture
def bench_with(sql_tables: AsyncEngine) -> Callable[..., Bench]:
    """`bench_with(store=…)`: a bench in which something is not as usual."""
    return partial(Bench, sql=sql_tables)


@pytest.fixture
async def bench(sql_tables: AsyncEngine) -> AsyncIterator[Bench]:
    made = Bench(sql=sql_tables)
    yield made
    await made.drain()


@pytest.fixture
def settings(settings: ServiceSettings) -> ServiceSettings:
    return replace(settings, upload=SETTINGS)


@pytest.fixture
async def server(app: Starlette) -> AsyncIterator[str]:
    """The address of the API behind a real HTTP server, so that bodies stream and connections can be cut."""
    listening = socket.create_server(("127.0.0.1", 0))
    running = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=2))
    serving = asyncio.create_task(running.serve(sockets=[listening]))
    while not running.started:
        await asyncio.wait({serving}, timeout=0.01)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    running.should_exit = True
    await serving
    listening.close()


@pytest.fixture
async def editor(server: str, bearer: Callable[[Role], Awaitable[dict[str, str]]]) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the server with an editor's token, that speaks tus."""
    headers = {"Tus-Resumable": "1.0.0", **await bearer(Role.EDITOR)}
    async with httpx.AsyncClient(base_url=server, headers=headers, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture
async def bucket(store: S3Store) -> Callable[[str], Awaitable[bytes]]:
    """`await bucket(asset)`: the bytes of an asset's only source."""

    async def read(asset: str) -> bytes:
        source = await find_source(store, layout.AssetId(asset), 1)
        assert source is not None
        assert source.whole
        return b"".join([await store.read(piece.key) for piece in source.pieces])

    return read
