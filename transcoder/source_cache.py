"""The source of an asset version on the worker's disk: fetched once a machine, shared by every process of it.

    {folder}/{key with dots}.{etag}          the whole source, renamed into place when the last byte is there
    {folder}/{key with dots}.{etag}.part     a download that runs (or died: the next one begins anew)
    {folder}/{key with dots}.{etag}.lock     flock: shared while somebody reads, exclusive to fetch or to evict

A file lock dies with its process, so a SIGKILL leaves nothing to clean up by hand. The etag is a part of the name: a
source that was uploaded again under its key is never mixed up with the one before.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import re
import shutil
import time
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Final

import anyio
from anyio import to_thread

from infra.errors import ObjectNotFound
from transcoder import metrics
from transcoder.errors import DiskFull

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from infra.ports import ObjectStat, ObjectStore

log = logging.getLogger(__name__)

_LOOK_AGAIN_S: Final = 0.05
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class SourceCache:
    """Whole sources in a folder, at most `max_bytes` of them, the least recently used evicted first.

    `reserve_bytes` stay free on the disk for everybody else. A source that is being read is never evicted, and one that
    alone is larger than `max_bytes` is still fetched as long as the disk holds it: better one large file than an asset
    that can never be made.
    """

    def __init__(self, folder: Path, *, store: ObjectStore, max_bytes: int, reserve_bytes: int) -> None:
        self._folder = folder
        self._store = store
        self._max_bytes = max_bytes
        self._reserve_bytes = reserve_bytes

    @asynccontextmanager
    async def open(self, key: str) -> AsyncIterator[Path]:
        """The local path of a source, kept from eviction until the context ends.

        Raises ObjectNotFound when the bucket has no such object (any more), DiskFull when the disk can't take it.
        """
        stat = await self._store.head(key)
        if stat is None:
            await to_thread.run_sync(self._forget, _stem(key))
            raise ObjectNotFound(f"the source {key} is not in the bucket")
        path = self._folder / f"{_stem(key)}{_word(stat.etag)}"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        while True:
            async with _lock(path, fcntl.LOCK_SH):
                if path.exists():
                    # Explicit, for the kernel's own "now" is as coarse as its tick.
                    os.utime(path, ns=(time.time_ns(), time.time_ns()))
                    yield path
                    return
            # An exclusive lock can't be turned into a shared one without a gap, hence the second look above.
            async with _lock(path, fcntl.LOCK_EX):
                if not path.exists():
                    await self._fetch(stat, path)

    async def _fetch(self, stat: ObjectStat, path: Path) -> None:
        await to_thread.run_sync(self._make_room, stat.size, path.name)
        try:
            await self._store.download(stat.key, str(path))
        except OSError as exc:
            if exc.errno in _NO_ROOM:
                raise DiskFull(f"no room for {stat.key} ({stat.size} bytes) in {self._folder}") from exc
            raise
        metrics.FETCHED.inc(stat.size)

    def _make_room(self, size: int, keep: str) -> None:
        """Evict until `size` more bytes fit. Raises DiskFull when the disk itself is too small for that."""
        held = {path: path.stat() for path in self._folder.iterdir() if path.suffix != ".lock"}
        total = sum(stat.st_size for stat in held.values())
        for path in sorted(held, key=lambda path: held[path].st_mtime_ns):
            if total + size <= self._max_bytes and self._free() >= size:
                return
            if path.name.removesuffix(".part") != keep and self._evict(path):
                total -= held[path].st_size
        if self._free() < size:
            raise DiskFull(
                f"a source of {size} bytes does not fit: {max(self._free(), 0)} bytes are free in {self._folder} "
                f"beside the reserve of {self._reserve_bytes}"
            )

    def _free(self) -> int:
        return shutil.disk_usage(self._folder).free - self._reserve_bytes

    def _evict(self, path: Path) -> bool:
        with _try_lock(path.with_name(path.name.removesuffix(".part"))) as locked:
            if locked:
                log.info("evicting a cached source", extra={"path": path.name})
                path.unlink(missing_ok=True)
            return locked

    def _forget(self, stem: str) -> None:
        """Drop what is held of a source that the bucket does not have any more; a reader's copy goes with the LRU."""
        for path in self._folder.glob(f"{stem}*"):
            if path.suffix != ".lock":
                self._evict(path)


def _stem(key: str) -> str:
    return f"{key.replace('/', '.')}."


def _word(etag: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]", "", etag)


def _take(path: Path, mode: int) -> int | None:
    """A descriptor that holds the lock of `path`, or None: it is taken, or its file was unlinked under us."""
    lock = path.with_name(f"{path.name}.lock")
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), lock.stat()):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None


@asynccontextmanager
async def _lock(path: Path, mode: int) -> AsyncIterator[None]:
    # A blocking flock would hold a thread that no cancellation can free.
    while (descriptor := _take(path, mode)) is None:  # noqa: ASYNC110 - the lock is the kernel's
        await anyio.sleep(_LOOK_AGAIN_S)
    try:
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _try_lock(path: Path) -> Iterator[bool]:
    """Take the exclusive lock if nobody has one; its file goes with the lock."""
    descriptor = _take(path, fcntl.LOCK_EX)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            path.with_name(f"{path.name}.lock").unlink(missing_ok=True)
            os.close(descriptor)
