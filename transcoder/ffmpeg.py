"""Starting processes: the only place that does. Every child has its own process group, a wall clock, limits.

A child never outlives its reason: its whole group is killed when the wall clock runs out, when the surrounding
`async with` is left by an exception or a cancellation, and (by the kernel) when this process dies.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import math
import os
import signal
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final, Self

import anyio

from transcoder import sandbox
from transcoder.errors import ChildFailed, ChildTimedOut, SandboxError
from transcoder.sandbox import Limits
from transcoder.sandbox_cage import Cage
from transcoder.sandbox_choice import in_force

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence
    from pathlib import Path

__all__ = ["Child", "Limits", "OutputPipe", "ffmpeg_path", "run", "spawn", "telling"]

_STDERR_TAIL: Final = 16 * 1024
_MAX_OUTPUT: Final = 64 * 1024 * 1024
_PIPE_BYTES: Final = 1024 * 1024
_LOOK_AGAIN_S: Final = 0.01


@cache
def _bundled_ffmpeg() -> str:
    folder = resources.files("imageio_ffmpeg") / "binaries"
    found = sorted(str(entry) for entry in folder.iterdir() if entry.name.startswith("ffmpeg-"))
    if not found:
        raise SandboxError("no ffmpeg: install imageio-ffmpeg's wheel or set CHANNEL_FFMPEG to a binary")
    return found[-1]


def ffmpeg_path() -> str:
    """Path of ffmpeg: $CHANNEL_FFMPEG, else the wheel's binary (one version, with all that the encodes need)."""
    return os.environ.get("CHANNEL_FFMPEG") or _bundled_ffmpeg()


class OutputPipe:
    """A pipe that a child writes into: hand `fd` to `spawn(pass_fds=…)`, read `reader` until its end."""

    def __init__(self) -> None:
        self._read_fd, self.fd = os.pipe()
        # Room for a fragment: ffmpeg goes on encoding while the last one is on its way. Best effort (pipe(7)).
        with contextlib.suppress(OSError, AttributeError):
            fcntl.fcntl(self.fd, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self.reader = asyncio.StreamReader(limit=_PIPE_BYTES)
        self._transport: asyncio.ReadTransport | None = None

    async def __aenter__(self) -> Self:
        stream = os.fdopen(self._read_fd, "rb", buffering=0)
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(self.reader), stream)
        return self

    async def __aexit__(self, *_exc: object) -> None:
        self.close_child_end()
        if self._transport is not None:
            self._transport.close()

    def close_child_end(self) -> None:
        """Close our copy of the writing end (the reader ends when the last copy is closed)."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


@dataclass(slots=True, kw_only=True, eq=False)
class Child:
    """A running child: `stdout` is its standard output, `stderr` the tail of what it said so far."""

    argv: tuple[str, ...]
    process: asyncio.subprocess.Process
    stdout: asyncio.StreamReader
    cage: Cage = Cage.PLAIN
    timed_out: bool = False
    _wall_s: float = 0.0
    _clock: asyncio.TimerHandle | None = None
    _is_still: bool = False
    _said: bytearray = field(default_factory=bytearray)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def stderr(self) -> str:
        return self._said.decode("utf-8", "replace")

    def kill(self) -> None:
        """End the whole process group now."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)

    @property
    def is_running(self) -> bool:
        return self.process.returncode is None

    def stop(self) -> None:
        """Let the whole process group stand still until `resume`. It can still be killed."""
        self._is_still = True
        self._stand_still()

    def resume(self) -> None:
        self._is_still = False
        self._signal(signal.SIGCONT)

    def _stand_still(self) -> None:
        if not self._is_still or not self.is_running:
            return
        if sandbox.is_bound(self.pid):
            self._signal(signal.SIGSTOP)
        else:  # were we killed now, it would stand still for ever
            asyncio.get_running_loop().call_later(_LOOK_AGAIN_S, self._stand_still)

    def _signal(self, number: signal.Signals) -> None:
        if self.is_running:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)

    def renice(self, nice: int) -> None:
        """Leave the processor to others from now on. A niceness can be raised, not lowered, without privileges."""
        sandbox.renice(self.process.pid, nice)

    @property
    def deadline(self) -> float:
        """When its wall clock runs out, by the event loop's."""
        return self._clock.when() if self._clock is not None else math.inf

    def prolong(self) -> None:
        """It has got somewhere: its wall clock starts anew. One that yields to others all the time may take long."""
        self._stop_clock()
        if self._wall_s < math.inf:
            self._clock = asyncio.get_running_loop().call_later(self._wall_s, self._expire)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()

    def _expire(self) -> None:
        self.timed_out = True
        self.kill()

    async def _listen(self, stderr: asyncio.StreamReader) -> None:
        while piece := await stderr.read(4096):
            self._said += piece
            del self._said[:-_STDERR_TAIL]

    async def _reap(self, listener: asyncio.Task[None]) -> None:
        """Nothing of the group is left when this returns, even if the caller is being cancelled."""
        self.kill()
        with anyio.CancelScope(shield=True):
            await self.process.wait()
            # Its last words; bounded, for a grandchild that left the group may still hold the pipe.
            await asyncio.wait([listener], timeout=1.0)
            listener.cancel()

    def _failure(self, limits: Limits) -> SandboxError | None:
        kind: type[SandboxError] = ChildFailed
        name = os.path.basename(self.argv[0])  # noqa: PTH119 - a name, not a file
        code = sandbox.exit_code(self.process.returncode, self.cage)
        if self.timed_out:
            kind, said = ChildTimedOut, f"{name} ran past its wall clock of {limits.wall_s:g} s"
        elif code == 0:
            return None
        else:
            said = (
                f"{name} was ended by signal {-code}" if code is not None and code < 0 else f"{name} ended with {code}"
            )
        last = self.stderr.strip().rpartition("\n")[2]
        return kind(f"{said}: {last}" if last else said, argv=self.argv, exit_code=code, stderr=self.stderr)


_told: ContextVar[Callable[[Child], None] | None] = ContextVar("_told", default=None)


@contextlib.contextmanager
def telling(started: Callable[[Child], None]) -> Iterator[None]:
    """`started` is told of every child that starts in this context, in the tasks that begin in it too."""
    before = _told.set(started)
    try:
        yield
    finally:
        _told.reset(before)


@contextlib.asynccontextmanager
async def spawn(
    argv: Sequence[str],
    *,
    limits: Limits,
    cwd: Path,
    reads: Sequence[Path] = (),
    pass_fds: Sequence[int] = (),
    stdin: int | None = None,
    nice: int = 0,
    datagrams: bool = False,
) -> AsyncIterator[Child]:
    """Run a child while the body runs, then wait for it.

    It opens the files `reads`, those in `cwd`, which it may write too, and its libraries; nothing else where there is
    a cage (sandbox_cage.py). `stdin` is a file descriptor (nothing by default). With `datagrams` it may bind a UDP
    socket, which is all of the network that any child ever gets.

    Leaving the body normally waits for the child and raises ChildFailed if it ended with anything but 0, ChildTimedOut
    if its wall clock killed it. Leaving it by an exception kills the group first; a child that had run out of time
    explains the body's error and replaces it.
    """
    cage = in_force()
    async with OutputPipe() as stdout, OutputPipe() as stderr:
        try:
            # Cancelled while it starts, it is reaped by asyncio, if nobody cancels that, too.
            with anyio.CancelScope(shield=True):
                process = await asyncio.create_subprocess_exec(
                    *sandbox.wrap(argv, limits, cage=cage, cwd=cwd, reads=reads, nice=nice, datagrams=datagrams),
                    stdin=asyncio.subprocess.DEVNULL if stdin is None else stdin,
                    stdout=stdout.fd,
                    stderr=stderr.fd,
                    env=sandbox.environment(cwd),
                    cwd=cwd,
                    pass_fds=pass_fds,
                    start_new_session=True,
                )
        except OSError as exc:
            raise SandboxError(f"{argv[0]} cannot be started: {exc.strerror}", argv=argv) from exc
        stdout.close_child_end()
        stderr.close_child_end()
        child = Child(argv=tuple(argv), process=process, stdout=stdout.reader, cage=cage, _wall_s=limits.wall_s)
        listener = asyncio.create_task(child._listen(stderr.reader))
        child.prolong()
        if (started := _told.get()) is not None:
            started(child)
        try:
            yield child
            await process.wait()
        except Exception as exc:
            if child.timed_out:
                await child._reap(listener)
                raise child._failure(limits) or exc from exc
            raise
        finally:
            child._stop_clock()
            await child._reap(listener)
        if failure := child._failure(limits):
            raise failure


async def run(
    argv: Sequence[str], *, limits: Limits, cwd: Path, reads: Sequence[Path] = (), pass_fds: Sequence[int] = (),
    nice: int = 0, max_output: int = _MAX_OUTPUT,
) -> bytes:  # fmt: skip
    """Run a child to its end and return its standard output (at most `max_output` bytes, else it is killed).

    Raises ChildFailed, ChildTimedOut, SandboxError.
    """
    output = bytearray()
    async with spawn(argv, limits=limits, cwd=cwd, reads=reads, pass_fds=pass_fds, nice=nice) as child:
        while piece := await child.stdout.read(_PIPE_BYTES):
            output += piece
            if len(output) > max_output:
                raise ChildFailed(f"{argv[0]} wrote more than {max_output} bytes", argv=argv, stderr=child.stderr)
    return bytes(output)
