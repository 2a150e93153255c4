"""The whole embedded stack: which servers are started here, which are configured elsewhere, and in what order.

    Valkey (append-only) → S3 over a directory → prepare (bucket, migrations, first token) → api → worker

All state lies under CHANNEL_HOME:

    valkey/  s3/  channel.db  admin.token  secrets/  logs/  sources/  stack.json
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
import redis.asyncio

from infra.local.preflight import (
    CannotStart,
    free_port,
    only_one,
    reachable,
    require_home,
    require_port,
    valkey_server,
)
from infra.local.supervisor import Part, Supervisor
from infra.tasks import end

_LOOPBACK: Final = "127.0.0.1"
_ADDRESSES: Final = "stack.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One of our own processes: its name and the arguments behind `python -m streaming`. It is ready when it listens at
    `listens` (host and port), if that is said."""

    name: str
    arguments: tuple[str, ...]
    stop_within_s: float = 10.0
    listens: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StackSettings:
    """What `channel up` starts. `environment` is what the operator set; it wins over everything embedded."""

    home: Path
    host: str
    port: int
    environment: Mapping[str, str] = field(repr=False)
    programs: tuple[Program, ...]
    prepare: Callable[[Mapping[str, str]], Awaitable[None]]
    announce: Callable[[Mapping[str, str]], None]


async def run_stack(settings: StackSettings) -> None:
    """Run until SIGINT or SIGTERM. Raises CannotStart with one clear line when something stands in the way."""
    require_home(settings.home)
    with only_one(settings.home):
        require_port(settings.host, settings.port, "CHANNEL_PORT")
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopped.set)
        supervisor = Supervisor(settings.home / "logs")
        starting = asyncio.create_task(_start(settings, supervisor))
        stopping = asyncio.create_task(stopped.wait())
        try:
            await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                await starting
                await stopping
        finally:
            await end(starting, stopping)
            (settings.home / _ADDRESSES).unlink(missing_ok=True)
            await supervisor.stop()


async def _start(settings: StackSettings, supervisor: Supervisor) -> None:
    # An empty variable is one that is not set, as everywhere (`infra.settings.read`).
    environment = {
        name: value for name, value in settings.environment.items() if name.startswith("CHANNEL_") and value.strip()
    }
    environment["CHANNEL_HOME"] = str(settings.home)
    environment["CHANNEL_HOST"] = settings.host
    environment["CHANNEL_PORT"] = str(settings.port)
    if "CHANNEL_REDIS_URL" not in environment:
        part, url = _valkey(settings.home)
        await supervisor.start(part)
        environment["CHANNEL_REDIS_URL"] = url
    if "CHANNEL_S3_ENDPOINT_URL" not in environment:
        part, found = _s3(settings.home, settings.host, environment.get("CHANNEL_S3_PORT"))
        await supervisor.start(part)
        environment |= found
    await settings.prepare(environment)
    for program in settings.programs:
        await supervisor.start(_program(program, settings, environment))
    _remember(settings.home, environment)
    settings.announce(environment)


def addresses(home: Path) -> dict[str, str]:
    """The settings of the stack that runs on this home (or was killed on it), so that other commands find its servers.

    Empty if none was started, or the last one was stopped.
    """
    with contextlib.suppress(OSError, ValueError):
        found: dict[str, str] = json.loads((home / _ADDRESSES).read_text())
        return found
    return {}


def _remember(home: Path, environment: Mapping[str, str]) -> None:
    fresh = home / f"{_ADDRESSES}.new"
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(dict(environment)))
    fresh.replace(home / _ADDRESSES)


def _valkey(home: Path) -> tuple[Part, str]:
    folder = home / "valkey"
    folder.mkdir(exist_ok=True)
    password = _secret(home, "valkey")
    port = free_port()
    url = f"redis://:{password}@{_LOOPBACK}:{port}/0"
    configuration = folder / "valkey.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(
        f"bind {_LOOPBACK}\nport {port}\ndir {folder}\nrequirepass {password}\n"
        # A second of writes may be lost when the machine dies, none when only the server does.
        'appendonly yes\nappendfsync everysec\nsave ""\nmaxmemory-policy noeviction\ndaemonize no\n'
    )

    async def ready() -> bool:
        try:
            async with redis.asyncio.from_url(url, socket_timeout=1) as client:
                return bool(await client.ping())
        except (redis.ConnectionError, redis.TimeoutError, redis.ResponseError, OSError):
            return False

    return (
        Part(name="valkey", argv=(_server(folder), str(configuration)), environment={}, ready=ready, ready_within_s=60),
        url,
    )


def _server(folder: Path) -> str:
    """The binary that wrote this folder while it exists: another one may not read its files (formats differ)."""
    chosen = folder / "server"
    if chosen.exists() and Path(chosen.read_text()).exists():
        return chosen.read_text()
    chosen.write_text(valkey_server())
    return chosen.read_text()


def _s3(home: Path, host: str, asked: str | None) -> tuple[Part, dict[str, str]]:
    folder = home / "s3"
    folder.mkdir(exist_ok=True)
    if asked is not None:
        if not asked.isdecimal() or not 0 < int(asked) < 65536:
            raise CannotStart(f"CHANNEL_S3_PORT: {asked!r} is not a port (1 to 65535)")
        require_port(host, int(asked), "CHANNEL_S3_PORT")
    port = int(asked) if asked is not None else free_port(host)
    key, secret = "channel", _secret(home, "s3")
    endpoint = f"http://{reachable(host)}:{port}"
    part = Part(
        name="s3",
        argv=(sys.executable, "-m", "infra.local.s3", "--data-dir", str(folder), "--host", host, "--port", str(port)),
        environment={"NANIO_ACCESS_KEY": key, "NANIO_SECRET_KEY": secret},
        ready=_answers(f"{endpoint}/", any_status=True),
    )
    return part, {
        "CHANNEL_S3_ENDPOINT_URL": endpoint,
        "CHANNEL_S3_ACCESS_KEY_ID": key,
        "CHANNEL_S3_SECRET_ACCESS_KEY": secret,
    }


def _program(program: Program, settings: StackSettings, environment: Mapping[str, str]) -> Part:
    ready: Callable[[], Awaitable[bool]] = _at_once
    if program.name == "api":
        ready = _answers(f"http://{reachable(settings.host)}:{settings.port}/readyz")
    elif program.listens is not None:
        ready = _listens(*program.listens)
    return Part(
        name=program.name,
        argv=(sys.executable, "-m", "streaming", *program.arguments),
        environment=environment,
        ready=ready,
        stop_within_s=program.stop_within_s,
    )


async def _at_once() -> bool:
    return True


def _listens(host: str, port: int) -> Callable[[], Awaitable[bool]]:
    async def ready() -> bool:
        try:
            _, writer = await asyncio.open_connection(reachable(host), port)
        except OSError:
            return False
        writer.close()
        return True

    return ready


def _answers(url: str, *, any_status: bool = False) -> Callable[[], Awaitable[bool]]:
    async def ready() -> bool:
        try:
            async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
                answer = await client.get(url)
        except httpx.HTTPError:
            return False
        return any_status or answer.status_code == 200

    return ready


def _secret(home: Path, name: str) -> str:
    """A random secret made on the first start and kept (mode 0600)."""
    folder = home / "secrets"
    folder.mkdir(exist_ok=True, mode=0o700)
    path = folder / name
    if not path.exists():
        fresh = path.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(32))
        fresh.replace(path)
    return path.read_text()
