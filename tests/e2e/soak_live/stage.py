"""A live stack as processes that may be killed one by one: two APIs, a live process, Valkey, an S3 server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import AsyncExitStack, asynccontextmanager
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
from tests.e2e.soak.stage import answers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    Eventually = Callable[..., Awaitable[None]]

APIS: Final = ("api0", "api1")
_PATIENCE_S: Final = 60.0
_BUCKET: Final = "channel"
_AGAIN_S: Final = 0.1
"""As soon as `channel up` starts again what has ended."""


class LiveStage:
    """`store` reads the bucket as nobody of the stack does."""

    store: S3Store

    def __init__(
        self, home: Path, *, valkey: Any, ffmpeg: str, free_port: Callable[[], int], eventually: Eventually
    ) -> None:
        self.home, self.valkey, self._eventually = home, valkey, eventually
        self.ports = {name: free_port() for name in (*APIS, "rtmp", "rtmp of standby", "s3")}
        self.token = ""
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._ffmpeg = ffmpeg
        self._s3 = S3Settings(
            endpoint_url=self.url("s3"), bucket=_BUCKET, access_key_id="soak", secret_access_key="soaksoak"
        )

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Everything stands, but for the live process; all is ended with the context."""
        (self.home / "s3").mkdir(parents=True)
        async with AsyncExitStack() as stack:
            stack.callback(self._end_all)
            await self.start_store()
            self.store = S3Store(self._s3)
            stack.push_async_callback(self.store.aclose)
            await self.store.ensure_bucket()
            sql = open_engine(self._database)
            async with sql.begin() as connection:
                await connection.run_sync(streaming.tables.metadata.create_all)
            self.token = (await Tokens(sql=sql).create(role=Role.ADMIN, name="soak", lifetime=None)).secret
            await sql.dispose()
            for name in (*APIS, "live"):
                self.start(name)
            await self.apis_answer()
            yield

    @property
    def _database(self) -> str:
        return f"sqlite:///{self.home / 'channel.db'}"

    async def apis_answer(self) -> None:
        for name in APIS:
            await self._eventually(partial(answers, self.url(name)), timeout=_PATIENCE_S)

    def start(self, name: str) -> None:
        """`live`, one that stands by as on another machine (`live1`), or one of the APIs."""
        is_standby = name == "live1"
        environment = os.environ | {
            "CHANNEL_HOME": str(self.home / name if is_standby else self.home), "CHANNEL_DATABASE_URL": self._database,
            "CHANNEL_REDIS_URL": self.valkey.url, "CHANNEL_S3_ENDPOINT_URL": self.url("s3"),
            "CHANNEL_S3_BUCKET": _BUCKET, "CHANNEL_S3_ACCESS_KEY_ID": "soak",
            "CHANNEL_S3_SECRET_ACCESS_KEY": "soaksoak", "CHANNEL_FFMPEG": self._ffmpeg,
            "CHANNEL_PORT": str(self.ports.get(name, self.ports[APIS[0]])),
            "CHANNEL_RTMP_PORT": str(self.ports["rtmp of standby" if is_standby else "rtmp"]),
            "CHANNEL_SRT_PORTS": "off", "CHANNEL_INGEST_PORT": "0",
        }  # fmt: skip
        self._spawn(name, [sys.executable, "-m", "streaming", name.rstrip("01")], environment)

    def _spawn(self, name: str, argv: list[str], environment: dict[str, str]) -> None:
        with (self.home / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                argv, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    async def kill(self, name: str, *, dead: Callable[[], None] = lambda: None) -> None:
        """SIGKILL, and its successor; `dead` is called between them."""
        self.processes[name].kill()
        self.processes[name].wait()
        dead()
        await anyio.sleep(_AGAIN_S)
        self.start(name)

    async def pause(self, name: str, seconds: float) -> None:
        self.processes[name].send_signal(signal.SIGSTOP)
        try:
            await anyio.sleep(seconds)
        finally:
            self.processes[name].send_signal(signal.SIGCONT)

    def encoders(self) -> list[psutil.Process]:
        """The children of the live process, whatever they do."""
        try:
            return psutil.Process(self.processes["live"].pid).children()
        except psutil.NoSuchProcess:
            return []

    async def restart_redis(self, after_s: float) -> None:
        self.valkey.kill()
        await anyio.sleep(after_s)
        await to_thread.run_sync(self.valkey.start)

    async def start_store(self) -> None:
        where = ["--data-dir", str(self.home / "s3"), "--port", str(self.ports["s3"])]
        secrets = {"NANIO_ACCESS_KEY": "soak", "NANIO_SECRET_KEY": "soaksoak"}
        self._spawn("store", [sys.executable, "-m", "infra.local.s3", *where], os.environ | secrets)
        await self._eventually(partial(answers, self.url("s3")), timeout=_PATIENCE_S)

    async def restart_store(self, after_s: float) -> None:
        self.processes["store"].kill()
        self.processes["store"].wait()
        await anyio.sleep(after_s)
        await self.start_store()

    def client(self, name: str) -> httpx.AsyncClient:
        """Of an API, as its admin."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.AsyncClient(base_url=self.url(name), headers=headers, timeout=20, trust_env=False)

    def _end_all(self) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()
