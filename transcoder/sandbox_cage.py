"""The cages that a child may be put into, and what shuts each.

| cage | what holds the child |
|---|---|
| bubblewrap | namespaces: no network, no other process, a file system of what it needs and nothing else |
| landlock | the same files open to it, by Landlock; the network shut by seccomp |
| plain | limits and seccomp: files are open to it as they are to us |
"""

from __future__ import annotations

import os
import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from transcoder.sandbox_launcher import HANDED

if TYPE_CHECKING:
    from collections.abc import Sequence

BUBBLEWRAP: Final = "bwrap"
_LIBRARIES: Final = ("/usr", "/lib", "/lib64", "/bin", "/sbin")
_LINKER_CACHE: Final = "/etc/ld.so.cache"
_PROCESSORS: Final = "/sys/devices/system/cpu"
"""Where the C library counts them first; it has another way."""


class Cage(Enum):
    """The strongest first."""

    BUBBLEWRAP = "bubblewrap"
    LANDLOCK = "landlock"
    PLAIN = "plain"


def shut(
    cage: Cage, argv: Sequence[str], *, cwd: Path, reads: Sequence[Path], network: bool = False
) -> tuple[list[str], list[str]]:
    """Landlock's rules, and the command with what goes before it, for a child in a cage.

    With `network` it sees the network, of which seccomp's filter leaves it what it needs.
    """
    if cage is Cage.PLAIN:
        return [], list(argv)
    given = [str(path.absolute()) for path in reads]
    if cage is Cage.LANDLOCK:
        rules = [
            *(f"x{path}" for path in _system(argv[0])),
            *(f"r{path}" for path in (_LINKER_CACHE, _PROCESSORS, *given)),
        ]
        return [*rules, "r/dev/urandom", "w/dev/null", f"w{cwd.absolute()}"], list(argv)
    return [], [*_bubblewrap(argv[0], cwd=str(cwd.absolute()), reads=given, network=network), *argv]


def _system(program: str) -> list[str]:
    """Where a command and what it loads lie: the system's libraries; Python and our code, or ffmpeg."""
    wanted = [Path(path) for path in _LIBRARIES]
    if program == sys.executable:
        wanted += [Path(sys.base_prefix), Path(sys.prefix), Path(__file__).parent]
    if os.path.isabs(program):  # noqa: PTH117 - a name that may be no path
        where = Path(program).resolve()
        wanted += [Path(program), where]
        if where.parent.name == "bin":  # a build in a folder of its own has its libraries beside that
            wanted.append(where.parents[1] / "lib")
    found: list[Path] = []
    for path in wanted:
        if not any(path.is_relative_to(other) for other in found):
            found.append(path)
    return list(map(str, found))


def _bubblewrap(program: str, *, cwd: str, reads: Sequence[str], network: bool) -> list[str]:
    # The command itself is process 1 of its namespace: bubblewrap waits for it, and what it used is counted as ours.
    words = [BUBBLEWRAP, "--die-with-parent", "--unshare-all", "--as-pid-1", "--cap-drop", "ALL"]
    words += ["--share-net"] * network
    for path in _system(program):
        if path in _LIBRARIES and os.path.islink(path):  # noqa: PTH114 - /lib is usr/lib, and must be that again
            words += ["--symlink", os.readlink(path), path]  # noqa: PTH115
        else:
            words += ["--ro-bind-try", path, path]
    # Every mount costs a millisecond or two: no more than are needed.
    for path in (_LINKER_CACHE, *reads):
        words += ["--ro-bind-try", path, path]
    words += ["--dev-bind", "/dev/null", "/dev/null"]
    # No /proc, no /tmp and no /dev/shm: no process to look at, and no place to write that no limit counts.
    words += ["--bind", cwd, cwd, "--remount-ro", "/", "--chdir", cwd]
    return [*words, "--seccomp", HANDED, "--"]
