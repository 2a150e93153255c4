"""The whole service as processes that may be killed one by one: workers, APIs, Valkey, an S3 server behind a proxy."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import anyio
import httpx
import psutil
from anyio import to_thread

import streaming.tables
from infra.s3 import S3Store
from infra.settings import S3Settings
from infra.sql import open_engine
from streaming.http.auth import Role
from streaming.tokens.service import Tokens
from tests.e2e.soak.ledger import NICE
from tests.e2e.soak.nursery import Nursery
from tests.e2e.soak.s3_proxy import S3Proxy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    Eventually = Callable[..., Awaitable[None]]

BUCKET: Final = "channel"
WORKERS: Final = 3
APIS: Final = 2
LEASE_S: Final = 3
_PATIENCE_S: Final = 60.0
DEAD_S: Final = 2.0
"""Within this time nothing may be left of a killed worker."""

# At most four times real time, as if the machine were busy; and a line for each start: proc(5)'s stat, the command.
_SLOW_FFMPEG: Final = """#!/bin/sh
read -r self < /proc/self/stat
printf '%s\\n' "$self $*" >> "{log}"
exec "{ffmpeg}" -readrate 4 "$@"
"""


@dataclass(slots=True)
class Part:
    """An API or a worker: a process, and another one when that was killed."""

    kind: str
    number: int
    environment: dict[str, str]
    process: psutil.Process | None = None

    @property
    def name(self) -> str:
        return f"{self.kind}{self.number}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.environment['CHANNEL_PORT']}"


class Stage:
    """`store` reaches the S3 server past the proxy."""

    store: S3Store

    def __init__(
        self, home: Path, *, valkey: Any, ffmpeg: str, free_port: Callable[[], int], eventually: Eventually
    ) -> None:
        self.home, self.valkey, self._eventually = home, valkey, eventually
        self.parts: dict[str, list[Part]] = {}
        self.token = ""
        self.left_behind: list[str] = []
        """Processes that outlived their killed worker by more than DEAD_S."""
        self._ffmpeg, self._free_port = ffmpeg, free_port
        self._nursery = Nursery()
        self._s3_port = free_port()
        self._s3 = S3Settings(
            endpoint_url=f"http://127.0.0.1:{self._s3_port}", bucket=BUCKET, access_key_id="soak",
            secret_access_key="soaksoak",
        )  # fmt: skip
        self._s3_process: subprocess.Popen[bytes] | None = None
        self.proxy = S3Proxy(self._s3_port, bucket=BUCKET)

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.home / 'channel.db'}"

    @property
    def scratch(self) -> Path:
        """TMPDIR of every process."""
        return self.home / "tmp"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Everything stands; all is ended with the context."""
        self.scratch.mkdir(parents=True)
        (self.home / "s3").mkdir()
        proxied = self._free_port()
        async with AsyncExitStack() as stack:
            stack.callback(self._nursery.close)
            stack.callback(self.kill_store)
            await self.start_store()
            self.store = S3Store(self._s3)
            stack.push_async_callback(self.store.aclose)
            await self.store.ensure_bucket()
            await stack.enter_async_context(self.proxy.listening(proxied))
            await self._prepare_database()
            environment = self._environment(proxied)
            self.parts = {
                kind: [Part(kind, n, environment | {"CHANNEL_PORT": str(self._free_port())}) for n in range(count)]
                for kind, count in (("api", APIS), ("worker", WORKERS))
            }
            stack.callback(self._end_parts)
            for part in self.every_part():
                self.start(part)
            for api in self.parts["api"]:
                await self._eventually(partial(answers, api.url), timeout=_PATIENCE_S)
            yield

    def _environment(self, proxied: int) -> dict[str, str]:
        wrapper = self.home / "ffmpeg"
        wrapper.write_text(_SLOW_FFMPEG.format(log=self.encodes, ffmpeg=self._ffmpeg))
        wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)
        self.encodes.touch()
        return os.environ | {
            "CHANNEL_HOME": str(self.home),
            "CHANNEL_DATABASE_URL": self.database_url,
            "CHANNEL_REDIS_URL": self.valkey.url,
            "CHANNEL_S3_ENDPOINT_URL": f"http://127.0.0.1:{proxied}",
            "CHANNEL_S3_BUCKET": BUCKET,
            "CHANNEL_S3_ACCESS_KEY_ID": str(self._s3.access_key_id),
            "CHANNEL_S3_SECRET_ACCESS_KEY": str(self._s3.secret_access_key),
            "CHANNEL_FFMPEG": str(wrapper),
            "CHANNEL_CAGE": "plain",  # the wrapper writes a log and starts programs
            "CHANNEL_X264_PRESET": "superfast",
            "CHANNEL_FFMPEG_THREADS": "1",
            "CHANNEL_WORKER_SLOTS": "1",
            "CHANNEL_WORKER_NICE": str(NICE),
            "CHANNEL_WORKER_LEASE_S": str(LEASE_S),
            "CHANNEL_LOG_FORMAT": "json",
            "TMPDIR": str(self.scratch),
        }

    async def _prepare_database(self) -> None:
        sql = open_engine(self.database_url)
        async with sql.begin() as connection:
            await connection.run_sync(streaming.tables.metadata.create_all)
        self.token = (await Tokens(sql=sql).create(role=Role.ADMIN, name="soak", lifetime=None)).secret
        await sql.dispose()

    # --- processes --------------------------------------------------------------------------------------------------

    @property
    def encodes(self) -> Path:
        """The log of ffmpeg's starts."""
        return self.home / "ffmpeg.log"

    def every_part(self) -> list[Part]:
        return [part for parts in self.parts.values() for part in parts]

    def log(self, part: Part) -> Path:
        return self.home / f"{part.name}.log"

    def start(self, part: Part) -> None:
        part.process = self._nursery.start(part.kind, environment=part.environment, log=self.log(part))

    def children(self, part: Part) -> list[psutil.Process]:
        """All processes below a part."""
        with suppress(psutil.NoSuchProcess):
            if part.process is not None:
                return part.process.children(recursive=True)
        return []

    async def end(self, part: Part, *, kill: bool) -> None:
        """SIGKILL, or SIGTERM; returns when the process and all its children are gone. Notes what lives too long."""
        process, below = part.process, self.children(part)
        if process is None:
            return
        part.process = None
        with suppress(psutil.NoSuchProcess):
            process.send_signal(9 if kill else 15)
            await ended(process)
        with anyio.move_on_after(DEAD_S):
            for child in below:
                await ended(child)
        self.left_behind += [f"{part.name}: {child}" for child in below if is_alive(child)]

    def _end_parts(self) -> None:
        for part in self.every_part():
            if part.process is not None and is_alive(part.process):
                part.process.kill()

    async def start_valkey(self) -> None:
        await to_thread.run_sync(self.valkey.start)

    async def start_store(self) -> None:
        where = ("--data-dir", str(self.home / "s3"), "--port", str(self._s3_port))
        with (self.home / "s3.log").open("ab") as log:
            self._s3_process = subprocess.Popen(  # noqa: ASYNC220 - a start takes no time
                [sys.executable, "-m", "infra.local.s3", *where],
                env=os.environ | {"NANIO_ACCESS_KEY": "soak", "NANIO_SECRET_KEY": "soaksoak"},
                stdin=subprocess.DEVNULL,
                stderr=log,
            )
        await self._eventually(partial(answers, str(self._s3.endpoint_url)), timeout=_PATIENCE_S)

    def kill_store(self) -> None:
        if self._s3_process is not None:
            self._s3_process.kill()
            self._s3_process.wait()

    def leftovers(self) -> list[Path]:
        """What killed processes left of temporary files."""
        return [path for path in (*self.scratch.iterdir(), *(self.home / "scratch").iterdir()) if path.is_dir()]


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def ended(process: psutil.Process) -> None:
    """Wait until a process, with all its threads, has ended (pidfd_open(2)); whoever its parent is."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    try:
        if process.is_running():
            await anyio.wait_readable(descriptor)
    finally:
        os.close(descriptor)


async def answers(url: str) -> bool:
    """Whether somebody speaks HTTP there."""
    async with httpx.AsyncClient(trust_env=False) as client:
        try:
            await client.get(f"{url}/healthz", timeout=2)
        except httpx.HTTPError:
            return False
    return True
