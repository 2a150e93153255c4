"""One source on the disk: a sparse file, and a map that says which of its blocks are there.

    {name}        the bytes; a block that was not fetched is a hole
    {name}.map    a byte a block: 1 once all bytes of the block are written

Every process of the machine may read and fetch at the same time. All locks are the kernel's and die with their owner,
so that a SIGKILL leaves nothing to clean up: `flock` on the map keeps a file from eviction; open-file-description locks
(fcntl(2)) on the map's bytes say who fetches which blocks.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from transcoder.errors import DiskFull

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_HELD: Final = frozenset({errno.EAGAIN, errno.EACCES})
_HOLES: Final = re.compile(rb"\0+")
_FLOCK: Final = struct.Struct("@hhqqi4x")  # struct flock: type, whence, start, length, pid
_LENGTH_LOCK: Final = 1 << 62  # a byte of the map that no block will ever have
_MODE: Final = 0o600


class LocalFile:
    """The sparse file of one source. Whoever makes one holds the map's `flock`, shared, on `map_fd`.

    Every method is short and does no more than a few system calls; `write` may wait for the disk.
    """

    def __init__(self, path: Path, map_fd: int) -> None:
        self.path = path
        self._map = map_fd
        self._bytes = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)

    def close(self) -> None:
        os.close(self._bytes)

    def missing(self, blocks: range) -> list[range]:
        """Those of these blocks that are not here, in runs."""
        known = os.pread(self._map, len(blocks), blocks.start).ljust(len(blocks), b"\0")
        return [range(blocks.start + hole.start(), blocks.start + hole.end()) for hole in _HOLES.finditer(known)]

    def has(self, blocks: range) -> bool:
        return not self.missing(blocks)

    def mark(self, blocks: range) -> None:
        """These blocks are here: every byte of them is written."""
        os.pwrite(self._map, b"\1" * len(blocks), blocks.start)

    def read(self, start: int, length: int) -> bytes:
        """What stands there, holes as zeros; less at the end of the file."""
        return os.pread(self._bytes, length, start)

    def write(self, start: int, body: bytes) -> None:
        """Raises DiskFull."""
        rest = memoryview(body)
        with self._room():
            while rest:
                written = os.pwrite(self._bytes, rest, start)
                start, rest = start + written, rest[written:]

    def grow(self, length: int) -> None:
        """Make the file at least so long: what reads it takes its size for the source's. Raises DiskFull."""
        if os.fstat(self._bytes).st_size >= length:
            return
        descriptor = self._lock(_LENGTH_LOCK, 1, fcntl.F_OFD_SETLKW)
        try:
            # Looked at again under the lock: a file is never made shorter than another process has made it.
            if os.fstat(self._bytes).st_size < length:
                with self._room():
                    os.ftruncate(self._bytes, length)
        finally:
            os.close(descriptor)

    @contextmanager
    def claim(self, blocks: range) -> Iterator[bool]:
        """Be the one who fetches these blocks; False if somebody fetches one of them, here or in another process."""
        try:
            descriptor = self._lock(blocks.start, len(blocks), fcntl.F_OFD_SETLK)
        except OSError as exc:
            if exc.errno not in _HELD:
                raise
            yield False
            return
        try:
            yield True
        finally:
            os.close(descriptor)

    def _lock(self, start: int, length: int, command: int) -> int:
        # A description of its own for every claim: locks of one description do not exclude each other.
        descriptor = os.open(map_of(self.path), os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.fcntl(descriptor, command, _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, start, length, 0))
        except OSError:
            os.close(descriptor)
            raise
        return descriptor

    @contextmanager
    def _room(self) -> Iterator[None]:
        try:
            yield
        except OSError as exc:
            if exc.errno in _NO_ROOM:
                raise DiskFull(f"no room for {self.path.name} in {self.path.parent}: {exc.strerror}") from exc
            raise


def map_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.map")
