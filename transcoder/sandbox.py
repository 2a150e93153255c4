"""What a child process may do: its limits, its environment, and the command that puts both on.

Every process is started through a launcher (`sandbox_launcher.py`) which binds the child's life to its parent's, sets
its limits and becomes the command. A fork hook in the service's own process would be shorter and is unsafe: it runs
Python in a fork of a threaded program. `wrap` is the one place where a command is put into its cage; stronger cages
(namespaces, bubblewrap) belong there too.
"""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LAUNCHER = Path(__file__).with_name("sandbox_launcher.py")
_GIB = 1 << 30


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
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        # Nothing: it is in execve(2), the one of the launcher perhaps; who started it returns before its end.
        return words != [b""] and os.fsencode(_LAUNCHER) not in words
    return True  # it is gone, or this system has no /proc


def renice(group: int, nice: int) -> None:
    """Set the niceness of every thread of a process (Linux: nice(2) is a thread's) and of its session's autogroup."""
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{group}/task").iterdir():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.setpriority(os.PRIO_PROCESS, int(thread.name), nice)
    # Where the kernel shares the processor between sessions first (sched(7), autogroup), niceness within one says
    # nothing to the others.
    with contextlib.suppress(OSError):
        Path(f"/proc/{group}/autogroup").write_text(str(nice))


def environment(cwd: Path, inherited: Mapping[str, str] | None = None) -> dict[str, str]:
    """The child's whole environment: nothing of ours (tokens, addresses) but the search path."""
    path = (os.environ if inherited is None else inherited).get("PATH", os.defpath)
    return {"PATH": path, "HOME": str(cwd), "TMPDIR": str(cwd), "LANG": "C.UTF-8", "TZ": "UTC"}


def wrap(argv: Sequence[str], limits: Limits, *, nice: int = 0, parent: int | None = None) -> list[str]:
    """The command that runs `argv` under `limits`. The child ends at once if process `parent` (we) is gone."""
    return [
        # -I -S: neither the environment nor the working directory may add a module to the launcher.
        *(sys.executable, "-I", "-S", str(_LAUNCHER)),
        str(os.getpid() if parent is None else parent),
        *(str(limits.cpu_s), str(limits.memory_bytes), str(limits.file_bytes), str(limits.open_files), str(nice)),
        *argv,
    ]
