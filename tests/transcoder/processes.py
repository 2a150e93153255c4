"""Processes as the kernel has them now; any of them may end while it is looked at."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def group(leader: int) -> list[psutil.Process]:
    """Those of a group that have not ended."""
    return _those(
        psutil.process_iter(), lambda it: os.getpgid(it.pid) == leader and it.status() != psutil.STATUS_ZOMBIE
    )


def stands_still(process: psutil.Process) -> bool:
    return bool(process.status() == psutil.STATUS_STOPPED)


def encoders() -> list[psutil.Process]:
    """Every ffmpeg below this process."""
    return descendants(lambda it: "ffmpeg" in it.name())


def descendants(is_wanted: Callable[[psutil.Process], bool]) -> list[psutil.Process]:
    """What this process has started, and what that has."""
    return _those(psutil.Process().children(recursive=True), is_wanted)


def _those(processes: Iterable[psutil.Process], is_wanted: Callable[[psutil.Process], bool]) -> list[psutil.Process]:
    found = []
    for process in processes:
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            if is_wanted(process):
                found.append(process)
    return found
