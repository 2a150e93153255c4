"""Start child processes, watch them, start them again, and stop them all in order.

Every child is its own session (a Ctrl-C reaches only the supervisor) and dies with it (PR_SET_PDEATHSIG), so that
nothing is left behind even when the supervisor is killed.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from infra.local.preflight import CannotStart
from infra.tasks import end

if TYPE_CHECKING:
    from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_LONGEST_PAUSE_S = 10.0
_LOG_LIMIT = 16 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One child: its command, its environment beside the plain one, when it is ready, how long it may take to end."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    ready: Callable[[], Awaitable[bool]]
    ready_within_s: float = 30.0
    stop_within_s: float = 10.0


def _die_with_parent() -> None:
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Supervisor:
    """Runs parts in the order in which they are started; stops them in the reverse one."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: list[tuple[Part, asyncio.Task[None]]] = []
        self._children: dict[str, asyncio.subprocess.Process] = {}

    def log_of(self, part: Part) -> Path:
        return self._logs / f"{part.name}.log"

    async def start(self, part: Part) -> None:
        """Start a part and wait until it is ready. Raises CannotStart with the last line of its log if it does not."""
        self._logs.mkdir(exist_ok=True)
        log = self.log_of(part)
        if log.exists() and log.stat().st_size > _LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        await self._spawn(part)
        self._running.append((part, asyncio.create_task(self._watch(part), name=f"watch-{part.name}")))
        try:
            async with asyncio.timeout(part.ready_within_s):
                while not await part.ready():
                    if self._children[part.name].returncode is not None:
                        raise CannotStart(f"{part.name} ended while starting: {self._last_line(part)} (see {log})")
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise CannotStart(f"{part.name} was not ready within {part.ready_within_s:g} s (see {log})") from None

    async def stop(self) -> None:
        """End every part, the last started first: SIGTERM, then SIGKILL to its process group when its time is over."""
        for part, watcher in reversed(self._running):
            await end(watcher)
            child = self._children.get(part.name)
            if child is None or child.returncode is not None:
                continue
            with suppress(ProcessLookupError):
                child.terminate()
            try:
                async with asyncio.timeout(part.stop_within_s):
                    await child.wait()
            except TimeoutError:
                with suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                await child.wait()
        self._running.clear()

    async def _spawn(self, part: Part) -> None:
        with self.log_of(part).open("ab") as log:
            self._children[part.name] = await asyncio.create_subprocess_exec(
                *part.argv,
                env={**_plain_environment(), **part.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    async def _watch(self, part: Part) -> None:
        """Start the part again when it ends; the pause doubles up to ten seconds while it ends at once."""
        loop = asyncio.get_running_loop()
        pause = 0.1
        while True:
            begun = loop.time()
            code = await self._children[part.name].wait()
            pause = 0.1 if loop.time() - begun > _LONGEST_PAUSE_S else min(pause * 2, _LONGEST_PAUSE_S)
            print(f"{part.name} ended with {code}; starting it again (see {self.log_of(part)})", file=sys.stderr)  # noqa: T201 - the operator's terminal
            await asyncio.sleep(pause)
            try:
                await self._spawn(part)
            except OSError as exc:  # no memory or no process left: that may pass
                print(f"{part.name} cannot be started: {exc}", file=sys.stderr)  # noqa: T201 - the operator's terminal

    def _last_line(self, part: Part) -> str:
        with suppress(OSError):
            lines = self.log_of(part).read_text(errors="replace").strip().splitlines()
            return lines[-1] if lines else "it wrote nothing"
        return "its log cannot be read"


def _plain_environment() -> dict[str, str]:
    """What a child inherits: enough to find programs, a home and a locale; settings are passed by the part itself."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "VIRTUAL_ENV", "SSL_CERT_FILE")
    return {name: os.environ[name] for name in kept if name in os.environ}
