"""API processes over an S3 server on disk, without a worker: what uploads need, and all that can be killed there."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import boto3
import httpx
import pytest

from infra.settings import S3Settings
from infra.sql import open_engine
from streaming.http.auth import Role
from streaming.migrate import upgrade
from streaming.tokens.service import Tokens

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any


@dataclass
class Api:
    """One API process; `kill` is `kill -9`."""

    port: int
    environment: dict[str, str]
    wait_for: Callable[[Callable[[], bool], str], None]
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Api:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "streaming", "api"],
            env={**os.environ, **self.environment, "CHANNEL_PORT": str(self.port)},
            stdin=subprocess.DEVNULL,
        )
        self.wait_for(self._ready, "the API did not start")
        return self

    def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, "the API ended"
        try:
            return httpx.get(f"{self.url}/readyz", timeout=2, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def kill(self, number: int = signal.SIGKILL) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait()
            self.process = None


@dataclass
class UploadStack:
    """A database, a bucket on disk, Redis, and API processes on demand."""

    environment: dict[str, str]
    token: str
    s3: S3Settings
    make_api: Callable[[], Api]

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Tus-Resumable": "1.0.0"}

    def amazon(self) -> Any:
        """boto3 on the bucket: another client than ours."""
        return boto3.client(
            "s3", endpoint_url=self.s3.endpoint_url, region_name="us-east-1",
            aws_access_key_id=self.s3.access_key_id, aws_secret_access_key=self.s3.secret_access_key,
        )  # fmt: skip

    def source(self, asset: str) -> Iterator[bytes]:
        """The only source of an asset, piece by piece, as boto3 reads it; nothing else lies beside it."""
        amazon = self.amazon()
        prefix = f"sources/{asset}/1/"
        pages = amazon.get_paginator("list_objects_v2").paginate(Bucket=self.s3.bucket, Prefix=f"sources/{asset}/")
        found = {entry["Key"] for page in pages for entry in page["Contents"]}
        source = json.load(amazon.get_object(Bucket=self.s3.bucket, Key=f"{prefix}source.json")["Body"])
        keys = [piece["key"] for piece in source["pieces"]]
        assert found == {f"{prefix}source.json", *keys}
        for key in keys:
            yield amazon.get_object(Bucket=self.s3.bucket, Key=key)["Body"].read()

    def content_types(self, asset: str) -> set[str]:
        """What the pieces of an asset's source are said to be."""
        amazon = self.amazon()
        listed = amazon.list_objects_v2(Bucket=self.s3.bucket, Prefix=f"sources/{asset}/")["Contents"]
        pieces = [entry["Key"] for entry in listed if not entry["Key"].endswith(".json")]
        return {amazon.head_object(Bucket=self.s3.bucket, Key=key)["ContentType"] for key in pieces}

    def asset_of(self, upload: str) -> str:
        """The asset of an upload, by its address."""
        return str(httpx.head(upload, headers=self.headers, trust_env=False).headers["Channel-Asset-Id"])


@pytest.fixture
def uploads(
    tmp_path: Path,
    valkey_url: str,
    free_port: Callable[[], int],
    wait_for: Callable[[Callable[[], bool], str], None],
) -> Iterator[UploadStack]:
    database = f"sqlite:///{tmp_path / 'channel.db'}"
    port = free_port()
    s3 = S3Settings(
        endpoint_url=f"http://127.0.0.1:{port}", bucket="channel", access_key_id="test", secret_access_key="testtest"
    )
    (tmp_path / "s3").mkdir()
    server = subprocess.Popen(
        [sys.executable, "-m", "infra.local.s3", "--data-dir", str(tmp_path / "s3"), "--port", str(port)],
        env={**os.environ, "NANIO_ACCESS_KEY": "test", "NANIO_SECRET_KEY": "testtest"},
        stdin=subprocess.DEVNULL,
    )
    wait_for(lambda: _listens(port), "the S3 server did not start")
    asyncio.run(upgrade(database))
    environment = {
        "CHANNEL_HOME": str(tmp_path / "home"),
        "CHANNEL_DATABASE_URL": database,
        "CHANNEL_REDIS_URL": valkey_url,
        "CHANNEL_S3_ENDPOINT_URL": str(s3.endpoint_url),
        "CHANNEL_S3_ACCESS_KEY_ID": "test",
        "CHANNEL_S3_SECRET_ACCESS_KEY": "testtest",
        "CHANNEL_UPLOAD_PART_BYTES": str(5 << 20),
    }
    (tmp_path / "home").mkdir()
    started: list[Api] = []

    def make_api() -> Api:
        api = Api(port=free_port(), environment=environment, wait_for=wait_for)
        started.append(api)
        return api

    stack = UploadStack(environment=environment, token=asyncio.run(_token(database)), s3=s3, make_api=make_api)
    stack.amazon().create_bucket(Bucket=s3.bucket)
    yield stack
    for api in started:
        api.kill()
    server.kill()
    server.wait()


@pytest.fixture
def committed(uploads: UploadStack) -> Callable[[], int]:
    """Bytes that count so far, of all uploads, looked up behind the API's back."""
    path = uploads.environment["CHANNEL_DATABASE_URL"].removeprefix("sqlite:///")

    def look() -> int:
        with closing(sqlite3.connect(path)) as database:
            return int(database.execute('SELECT coalesce(sum("offset"), 0) FROM uploads').fetchone()[0])

    return look


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


async def _token(database: str) -> str:
    engine = open_engine(database)
    made = await Tokens(sql=engine).create(role=Role.PUBLISHER, name="test")
    await engine.dispose()
    return made.secret


@dataclass
class CuttingProxy:
    """TCP between a client and a server: the n-th connection is reset after `cuts[n]` bytes from the client; the ones
    after the last cut are left alone. `carried` counts all bytes from clients."""

    target: int
    cuts: deque[int]
    carried: int = 0
    done: int = 0
    _listening: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def run(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self.target), timeout=10)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        threading.Thread(target=self._back, args=(server, client), daemon=True).start()
        left = self.cuts.popleft() if self.cuts else None
        with suppress(OSError):
            while body := client.recv(65_536 if left is None else min(65_536, left)):
                server.sendall(body)
                self.carried += len(body)
                if left is not None:
                    left -= len(body)
                    if left == 0:
                        self.done += 1
                        # Linger 0: the client sees a reset at once, whatever is still on its way back.
                        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        break
        _hang_up(client, server)

    @staticmethod
    def _back(server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while body := server.recv(65_536):
                client.sendall(body)
        _hang_up(client, server)


def _hang_up(*lines: socket.socket) -> None:
    for line in lines:
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
        line.close()


@pytest.fixture
def cutting() -> Iterator[Callable[..., CuttingProxy]]:
    """`cutting(api, seed=…, cuts=…, most=…)`: a proxy that cuts so many connections within `most` bytes each."""
    made: list[CuttingProxy] = []

    def make(api: Api, *, seed: int, cuts: int, most: int) -> CuttingProxy:
        chance = random.Random(seed)
        proxy = CuttingProxy(target=api.port, cuts=deque(chance.randint(1, most) for _ in range(cuts)))
        threading.Thread(target=proxy.run, daemon=True).start()
        made.append(proxy)
        return proxy

    yield make
    for proxy in made:
        proxy.close()
