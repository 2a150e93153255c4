"""The folder of sparse files: who may stay, and who goes when there is no room.

A file's name ends with the machine's boot: after a power cut the map may say more than the disk has written, so what
was fetched before the last boot is not used again, and goes as the least recently used does.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import threading
import time
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio
from anyio import to_thread

from transcoder.errors import DiskFull
from transcoder.sources.local_file import LocalFile, map_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

log = logging.getLogger(__name__)

_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_LOOK_AGAIN_S: Final = 0.02
_GRANTS: Final = 64
_DISK_BLOCK: Final = 512  # what st_blocks counts (stat(2))


class Shelf:
    """Sparse files in a folder, at most `max_bytes` of them on the disk, the least recently opened evicted first.

    `reserve_bytes` stay free on the disk for everybody else. A file that is open in any process is never evicted, and
    one that alone is larger than `max_bytes` is still taken as long as the disk holds it: better one large file than an
    asset that can never be made.
    """

    def __init__(self, folder: Path, *, max_bytes: int, reserve_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._reserve_bytes = reserve_bytes
        self._granted = 0
        self._looking = threading.Lock()

    @asynccontextmanager
    async def open(self, name: str) -> AsyncIterator[LocalFile]:
        """The file of a source, empty if it is new, kept from eviction until the context ends."""
        path = self._folder / f"{name}.{_boot()}"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A blocking flock would hold a thread that no cancellation can free; an eviction is short.
        while (descriptor := _take(map_of(path), fcntl.LOCK_SH)) is None:  # noqa: ASYNC110 - the lock is the kernel's
            await anyio.sleep(_LOOK_AGAIN_S)
        try:
            # Explicit, for the kernel's own "now" is as coarse as its tick.
            os.utime(descriptor, ns=(time.time_ns(), time.time_ns()))
            local = LocalFile(path, descriptor)
            try:
                yield local
            finally:
                local.close()
        finally:
            os.close(descriptor)

    def names(self) -> list[str]:
        """The sources of which it holds something."""
        end = f".{_boot()}.map"
        return sorted(path.name.removesuffix(end) for path in self._folder.glob(f"*{end}"))

    async def forget(self, name: str) -> None:
        """Drop what is held of a source that the bucket does not have any more; a reader's copy goes with the LRU."""
        await to_thread.run_sync(_evict, self._folder / f"{name}.{_boot()}")

    async def make_room(self, size: int) -> None:
        """Evict until `size` more bytes fit. Raises DiskFull when the disk itself is too small for that."""
        await to_thread.run_sync(self._make_room, size)

    def _make_room(self, size: int) -> None:
        with self._looking:
            # The folder is looked through once in so many bytes, the disk's free space every time.
            if self._granted < size or self._free() < size:
                self._granted = self._max_bytes // _GRANTS
                self._evict_until(size + self._granted, least=size)
            else:
                self._granted -= size

    def _evict_until(self, size: int, *, least: int) -> None:
        opened: list[tuple[int, int, Path]] = []
        for map_path in self._folder.glob("*.map"):
            with suppress(FileNotFoundError):  # evicted by another process
                path = map_path.with_suffix("")
                opened.append((map_path.stat().st_mtime_ns, path.stat().st_blocks * _DISK_BLOCK, path))
        total = sum(held for _, held, _ in opened)
        for _, held, path in sorted(opened):
            if total + size <= self._max_bytes and self._free() >= least:
                return
            if _evict(path):
                total -= held
        if self._free() < least:
            raise DiskFull(
                f"{least} bytes of a source do not fit: {max(self._free(), 0)} bytes are free in {self._folder} "
                f"beside the reserve of {self._reserve_bytes}"
            )

    def _free(self) -> int:
        return shutil.disk_usage(self._folder).free - self._reserve_bytes


@cache
def _boot() -> str:
    return _BOOT.read_text("ascii").strip().partition("-")[0]


def _take(map_path: Path, mode: int) -> int | None:
    """A descriptor of the map that holds its lock; None: it is taken, or the map was evicted under us."""
    descriptor = os.open(map_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), map_path.stat()) and _is_sound(map_path, descriptor):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None


def _is_sound(map_path: Path, descriptor: int) -> bool:
    """Whether the bytes that the map speaks of are there: somebody may have tidied up by hand."""
    if os.fstat(descriptor).st_size == 0 or map_path.with_suffix("").exists():
        return True
    with suppress(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, 0)
    return False


def _evict(path: Path) -> bool:
    """Remove a file that nobody has open; False if somebody has."""
    map_path = map_of(path)
    if not map_path.exists() or (descriptor := _take(map_path, fcntl.LOCK_EX)) is None:
        return False
    try:
        # In this order: killed anywhere in between, no map is left that promises bytes which are gone.
        os.ftruncate(descriptor, 0)
        path.unlink(missing_ok=True)
        map_path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)
    log.info("evicted a source", extra={"path": path.name})
    return True
