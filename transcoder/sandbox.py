"""What a child process may do: its limits, its environment, and the command that puts both on.

Every process is started through a launcher (`sandbox_launcher.py`) which binds the child's life to its parent's, sets
its limits, shuts it in and becomes the command. A fork hook in the service's own process would be shorter and is
unsafe: it runs Python in a fork of a threaded program. `wrap` is the one place where a command is put into its cage.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from transcoder.sandbox_cage import BUBBLEWRAP, Cage, shut
from transcoder.sandbox_filter import program

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LAUNCHER: Final = Path(__file__).with_name("sandbox_launcher.py")
_GIB: Final = 1 << 30
_PR_SET_DUMPABLE: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one child may use: wall-clock and CPU seconds, bytes of private memory, bytes of a file, open files."""

    wall_s: float = 60.0
    cpu_s: int = 240
    memory_bytes: int = 3 * _GIB // 2
    file_bytes: int = _GIB
    open_files: int = 64


def is_bound(pid: int) -> bool:
    """Whether a child has become its command. From then on it ends with its parent, even if it stands still."""
    with contextlib.suppress(OSError, IndexError):
        words = _command(pid)
        while Path(os.fsdecode(words[0])).name == BUBBLEWRAP:  # and its child, which becomes the command
            words = _command(pid := int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0]))
        # Nothing: it is in execve(2), the one of the launcher perhaps; who started it returns before its end.
        return words != [b""] and os.fsencode(_LAUNCHER) not in words
    return not Path(f"/proc/{pid}").exists()  # it is gone, or this system has no /proc


def _command(pid: int) -> list[bytes]:
    return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")


def renice(group: int, nice: int) -> None:
    """Set the niceness of every thread of a process group, and of its session's autogroup, counted from our own as
    that of a process that is started is."""
    nice += os.nice(0)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.setpriority(os.PRIO_PGRP, group, nice)
    # Where the kernel shares the processor between sessions first (sched(7), autogroup), niceness within one says
    # nothing to the others.
    with contextlib.suppress(OSError):
        Path(f"/proc/{group}/autogroup").write_text(str(nice))


def keep_to_ourselves() -> None:
    """Let no process of our user look into this one's memory and environment (secrets), or take its descriptors."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def environment(cwd: Path, inherited: Mapping[str, str] | None = None) -> dict[str, str]:
    """The child's whole environment: nothing of ours (tokens, addresses) but the search path."""
    path = (os.environ if inherited is None else inherited).get("PATH", os.defpath)
    return {"PATH": path, "HOME": str(cwd), "TMPDIR": str(cwd), "LANG": "C.UTF-8", "TZ": "UTC"}


def wrap(
    argv: Sequence[str], limits: Limits, *, cage: Cage, cwd: Path, reads: Sequence[Path] = (), nice: int = 0,
    parent: int | None = None, datagrams: bool = False,
) -> list[str]:  # fmt: skip
    """The command that runs `argv` under `limits`. The child ends at once if process `parent` (we) is gone.

    In a cage it has no network, starts no process, and opens the files `reads`, what lies in `cwd`, and the system's
    libraries: nothing else. With `datagrams` it may bind a UDP socket all the same.
    """
    code = b""
    if sys.platform == "linux":
        code = program(platform.machine(), may_fork=cage is Cage.PLAIN, datagrams=datagrams)
    rules, command = shut(cage, argv, cwd=cwd, reads=reads, network=datagrams)
    return [
        # -I -S: neither the environment nor the working directory may add a module to the launcher.
        *(sys.executable, "-I", "-S", str(_LAUNCHER)),
        str(os.getpid() if parent is None else parent),
        *(str(limits.cpu_s), str(limits.memory_bytes), str(limits.file_bytes), str(limits.open_files), str(nice)),
        *(code.hex(), str(len(rules)), *rules),
        *command,
    ]


def exit_code(code: int | None, cage: Cage) -> int | None:
    """How a command ended: its exit code, or minus the signal that ended it, which bubblewrap tells as shells do."""
    return 128 - code if cage is Cage.BUBBLEWRAP and code is not None and 128 < code < 160 else code
