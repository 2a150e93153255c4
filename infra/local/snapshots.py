"""Who reads an object of the embedded S3 server reads one, whoever replaces it meanwhile.

nanio says how long a body is, and opens its file when it comes to send it. If the object was replaced in between, a
longer one ended early, as if that were all of it, and a shorter one broke off.
"""

from __future__ import annotations

import asyncio
import os
import weakref
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nanio.errors import NoSuchKey
from nanio.storage.paths import object_path

from infra.local.sidecars import SidecarStorage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class SnapshotStorage(SidecarStorage):
    """Objects as files; the one that is told of is the one that is sent."""

    async def get_object(self, bucket: str, key: str, **asked: Any) -> Any:
        # No await comes between the head and the opening, nor, in the one server of a folder, between the two renames
        # of a writer: they speak of the same object.
        found = await super().get_object(bucket, key, **asked)
        try:
            descriptor = os.open(object_path(self._data_dir, bucket, key), os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError as exc:
            raise NoSuchKey(resource=f"{bucket}/{key}") from exc
        start = found.range_start or 0
        end = found.info.size if found.range_end is None else found.range_end + 1
        return replace(found, body=_Body(descriptor, start, end, self._chunk_size))


class _Body:
    """The bytes `start` to `end` of an open file, which is closed with the last one, or when nobody wants them."""

    def __init__(self, descriptor: int, start: int, end: int, block: int) -> None:
        self._descriptor, self._start, self._end, self._block = descriptor, start, end, block
        self._close = weakref.finalize(self, os.close, descriptor)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        at = self._start
        while block := await asyncio.to_thread(self._read, at):
            yield block
            at += len(block)
        self._close()

    def _read(self, at: int) -> bytes:
        return os.pread(self._descriptor, min(self._block, self._end - at), at)
