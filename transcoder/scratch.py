"""A worker's folder for temporary files. What a killed worker left goes when the next one of its machine starts.

{folder}/{random}/          temporary files of one process
{folder}/{random}.lock      flock: held by that process, and let go by the kernel when it dies
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import contextmanager
from secrets import token_hex
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LOCK: Final = ".lock"


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """Let `tempfile` use a folder of this process's own in `folder`, and clear away those of the dead."""
    folder = folder.absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    clear(folder)
    own = folder / token_hex(8)
    while (descriptor := _locked(own)) is None:  # somebody who clears up was faster than our lock
        own = folder / token_hex(8)
    own.mkdir(mode=0o700)
    before, tempfile.tempdir = tempfile.tempdir, str(own)
    try:
        yield own
    finally:
        tempfile.tempdir = before
        _remove(own, descriptor)


def clear(folder: Path) -> None:
    """Remove the folders whose process is dead."""
    for lock in folder.glob(f"*{_LOCK}"):
        own = lock.with_suffix("")
        descriptor = _locked(own)
        if descriptor is not None:
            _remove(own, descriptor)


def _locked(own: Path) -> int | None:
    """A descriptor that holds the lock of a folder, or None: its process lives, or it has just been removed."""
    lock = own.with_suffix(_LOCK)
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), lock.stat()):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None


def _remove(own: Path, descriptor: int) -> None:
    shutil.rmtree(own, ignore_errors=True)
    own.with_suffix(_LOCK).unlink(missing_ok=True)
    os.close(descriptor)
