"""Heartbeats per second per core: through HTTP, through the service, and what Redis itself can do on this machine.

The limit is an empty script called by EVALSHA, pipelined; all rows are of one run on one server. Rates per core are by
the CPU time of the process itself, so that other work on the machine disturbs them little.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import psutil
import redis
import uvloop
from starlette.applications import Starlette
from starlette.middleware import Middleware

from benchmarks.report import Result, render
from infra.local.preflight import valkey_server
from infra.memory import MemoryEngine
from infra.redis_cache import RedisCache
from infra.sql import metadata, open_engine
from manifests.layout import AssetId
from streaming.catalog.service import Catalogue
from streaming.clock import utc_now
from streaming.http.cors import Cors
from streaming.http.errors import HANDLERS, ErrorBoundary
from streaming.live.channels.service import Channels
from streaming.live.viewing.doors import Doors
from streaming.sessions import scripts
from streaming.sessions.api import routes
from streaming.sessions.combiner import MOST
from streaming.sessions.identity import NAME, Identity
from streaming.sessions.ledger import Ledger
from streaming.sessions.model import Counters, News, Stamped
from streaming.sessions.service import Sessions
from streaming.sessions.settings import SessionSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SESSIONS = 2_000
EMPTY, RAW, SERVICE, HTTP = 60_000, 40_000, 30_000, 12_000
IN_FLIGHT = 512
CONNECTIONS = 64
_ASSET = AssetId("hQ3vXo2mTz-Jk81LwPq0aA")
_SETTINGS = SessionSettings(batches_per_s=1_000_000)
_REDIS, _SQL = "CHANNEL_BENCH_REDIS", "CHANNEL_BENCH_SQL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Calls a second: by the clock, by the CPU time of our process (None: none of ours) and by that of Redis."""

    what: str
    wall: float
    ours: float | None
    redis: float


class Meter:
    """Rates of what happens between `begin` and `end`."""

    def __init__(self, ours: psutil.Process | None, server: psutil.Process) -> None:
        self._processes = (ours, server)
        self._begun = self._now()

    def _now(self) -> tuple[float, ...]:
        spent = (sum(process.cpu_times()[:2]) if process else 0.0 for process in self._processes)
        return (time.perf_counter(), *spent)

    def end(self, what: str, calls: int) -> Rate:
        wall, ours, server = (now - begun for now, begun in zip(self._now(), self._begun, strict=True))
        return Rate(what=what, wall=calls / wall, ours=calls / ours if ours else None, redis=calls / max(server, 0.01))


def _services(redis_url: str, database: str) -> tuple[Sessions, Catalogue, Doors]:
    sql, cache = open_engine(database), RedisCache(redis_url)
    identity = Identity(b"heartbeat benchmark")
    sessions = Sessions(cache=cache, ledger=Ledger(sql), settings=_SETTINGS, identity=identity)
    return sessions, Catalogue(sql=sql, cache=cache, jobs=MemoryEngine()), Doors(Channels(sql=sql, cache=cache))


def app() -> Starlette:
    """The server of the HTTP row: the product's routes, error handling and CORS, in one uvicorn process."""
    return Starlette(
        routes=routes(*_services(os.environ[_REDIS], os.environ[_SQL]), clock=utc_now),
        exception_handlers=HANDLERS,
        middleware=[Middleware(Cors), Middleware(ErrorBoundary)],
    )


def _port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _process(argv: Sequence[str], port: int, environment: dict[str, str] | None = None) -> Iterator[psutil.Process]:
    """A server, from the moment it accepts connections until the end of the block."""
    with subprocess.Popen(argv, env={**os.environ, **(environment or {})}, stdout=subprocess.DEVNULL) as child:
        try:
            deadline = time.monotonic() + 20
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    if child.poll() is not None or time.monotonic() > deadline:
                        raise
                    time.sleep(0.02)
            yield psutil.Process(child.pid)
        finally:
            child.terminate()


def _empty(client: redis.Redis, server: psutil.Process) -> Rate:
    """The limit: a script that does nothing, as fast as Redis takes it."""
    digest = client.script_load("return 1")
    meter = Meter(None, server)
    for _ in range(EMPTY // 500):
        with client.pipeline(transaction=False) as pipeline:
            for _ in range(500):
                pipeline.evalsha(digest, 1, "key")
            pipeline.execute()
    return meter.end("Redis: an empty script (the limit)", EMPTY)


def _merge(client: redis.Redis, server: psutil.Process, opened: list[str], *, together: int) -> Rate:
    """merge.lua alone, without our service in front of it."""
    digest = client.script_load(scripts.MERGE)
    identity = Identity(b"heartbeat benchmark")
    shards: dict[int, list[str]] = {}
    for session in opened:
        shards.setdefault(identity.read(session).shard, []).append(session)
    now = time.time_ns() // 1_000_000
    calls = 0
    meter = Meter(None, server)
    for seq in range(1, 1 + RAW // len(opened)):
        with client.pipeline(transaction=False) as pipeline:
            for shard, members in shards.items():
                for start in range(0, len(members), together):
                    taken = members[start : start + together]
                    items = [
                        msgspec.msgpack.encode(
                            (
                                session[-NAME:],
                                75_000,
                                seq,
                                0,
                                (seq, 0),
                                (seq, seq * 10),
                                (1, seq * 10, 0, 0, 300, 9, seq * 10, 0, 0, 0),
                            )
                        )
                        for session in taken
                    ]
                    common = [now, 3_600_000, 2_000, 300_000, 86_400_000]
                    pipeline.evalsha(digest, 1, scripts.prefix(shard), *common, *items)
                    calls += len(taken)
            pipeline.execute()
    return meter.end(f"Redis: merge.lua, {together} heartbeat{'s' * (together > 1)} a call", calls)


def _news(seq: int) -> News:
    played = 10_000 + seq * 10
    return News(
        counters=Counters(started=True, played_ms=played, startup_ms=300, played_kbit=played * 4),
        position=Stamped(seq=seq, value=played),
        paused=Stamped(seq=seq, value=0),
        last_seq=seq,
    )


async def _through_service(sessions: Sessions, server: psutil.Process, opened: list[str]) -> Rate:
    work = iter([(session, seq) for seq in range(1000, 1000 + SERVICE // len(opened)) for session in opened])

    async def player() -> None:
        for session, seq in work:
            await sessions.hear(session, _news(seq), now=utc_now())

    meter = Meter(psutil.Process(), server)
    await asyncio.gather(*(player() for _ in range(IN_FLIGHT)))
    return meter.end(f"Service: {IN_FLIGHT} players at once", SERVICE)


async def _through_http(
    port: int, server: psutil.Process, api: psutil.Process, opened: list[str], begun: float
) -> Rate:
    work = iter([(session, seq) for seq in range(2000, 2000 + HTTP // len(opened)) for session in opened])

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for session, seq in work:
            played = time.time() - begun
            event = {
                "type": "heartbeat", "seq": seq, "position_s": played, "played_s": played, "startup_s": 0.3,
                "played_kbit": int(played * 4000),
            }  # fmt: skip
            body = msgspec.json.encode({"events": [event]})
            writer.write(
                f"POST /api/sessions/{session}/events HTTP/1.1\r\nHost: bench\r\nContent-Type: text/plain\r\n"
                f"Content-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.partition(b":")[2]))
        writer.close()

    meter = Meter(api, server)
    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    return meter.end(f"HTTP: one uvicorn process, {CONNECTIONS} connections", HTTP)


async def _open(sessions: Sessions) -> list[str]:
    now = utc_now() - timedelta(seconds=70)
    opened = [
        sessions.open(_ASSET, duration_ms=600_000, viewer=None, scope="player", visitor=f"{number}", now=now)
        for number in range(SESSIONS)
    ]
    return [each.session for each in await asyncio.gather(*opened)]


async def _measure(url: str, database: str, server: psutil.Process) -> tuple[list[Rate], float]:
    begun = time.time() - 70
    sql = open_engine(database)
    async with sql.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await sql.dispose()
    sessions, _, _ = _services(url, database)
    with redis.Redis.from_url(url) as client:
        opened = await _open(sessions)
        rates = [
            _empty(client, server),
            _merge(client, server, opened, together=1),
            _merge(client, server, opened, together=MOST),
        ]
        keys = client.keys("channel:sessions:*")
        size = sum(int(client.memory_usage(key, samples=0) or 0) for key in keys) / SESSIONS
    rates.append(await _through_service(sessions, server, opened))
    port = _port()
    argv = [
        sys.executable, "-m", "uvicorn", "--factory", "benchmarks.heartbeats:app", "--port", str(port),
        "--no-access-log", "--log-level", "warning",
    ]  # fmt: skip
    with _process(argv, port, {_REDIS: url, _SQL: database}) as api:
        rates.append(await _through_http(port, server, api, opened, begun))
    return rates, size


def run() -> Result:
    with tempfile.TemporaryDirectory() as name:
        port = _port()
        argv = [valkey_server(), "--port", str(port), "--dir", name, "--appendonly", "yes", "--loglevel", "warning"]
        with _process([*argv, "--bind", "127.0.0.1"], port) as server:
            url, database = f"redis://127.0.0.1:{port}/0", f"sqlite:///{Path(name) / 'bench.db'}"
            rates, size = uvloop.run(_measure(url, database, server))
    limit = rates[0].redis
    through = {rate.what.partition(":")[0]: rate for rate in rates}
    http, service = through["HTTP"], through["Service"]
    numbers: dict[str, Any] = {"bytes_per_session": size, "rates": [asdict(rate) for rate in rates]}
    return Result(
        name="Heartbeats",
        question="How many heartbeats does one core take, beside the most that Redis does on this machine? "
        "Append-only file on; players, API and Redis share the machine.",
        columns=("what", "per second", "per core-second of the API", "per core-second of Redis", "of the limit"),
        rows=tuple(
            (
                rate.what,
                f"{rate.wall:,.0f}",
                f"{rate.ours:,.0f}" if rate.ours else "–",
                f"{rate.redis:,.0f}",
                f"{rate.redis / limit:.0%}",
            )
            for rate in rates
        ),
        verdict=f"An API core takes {http.ours or 0:,.0f} heartbeats a second through HTTP "
        f"({service.ours or 0:,.0f} without), a Redis core {service.redis:,.0f}; a session is {size:,.0f} bytes. "
        f"With one heartbeat in 30 s an API core serves {30 * (http.ours or 0):,.0f} viewers, a Redis core "
        f"{30 * service.redis:,.0f}. `per core-second of Redis` of the HTTP row is for {CONNECTIONS} requests at once: "
        "more at once are combined into fewer, larger calls.",
        numbers=numbers,
    )


if __name__ == "__main__":
    print(render([run()]))
