"""An object store in memory."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Final, Self

from infra.errors import ObjectExists, ObjectNotFound, ObjectStoreError, RangeUnsatisfiable, UploadNotFound
from infra.ports import ObjectBody, ObjectStat, Part

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import timedelta

_BLOCK: Final = 64 * 1024
_SMALLEST_PART: Final = 5 * 1024 * 1024


def _etag(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


class _Blocks:
    def __init__(self, body: bytes) -> None:
        self._rest = memoryview(body)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if not self._rest:
            raise StopAsyncIteration
        block, self._rest = self._rest[:_BLOCK], self._rest[_BLOCK:]
        return bytes(block)

    async def aclose(self) -> None:
        self._rest = memoryview(b"")


@dataclass(slots=True)
class _Upload:
    key: str
    content_type: str
    bodies: dict[int, bytes] = field(default_factory=dict)


class MemoryStore:
    """`ObjectStore` and `MultipartStore` in a dictionary."""

    def __init__(self) -> None:
        self._objects: dict[str, tuple[ObjectStat, bytes]] = {}
        self._uploads: dict[str, _Upload] = {}
        self._ids = count(1)

    async def head(self, key: str) -> ObjectStat | None:
        found = self._objects.get(key)
        return None if found is None else found[0]

    async def get(self, key: str, *, start: int = 0, length: int | None = None) -> ObjectBody:
        stat, body = self._found(key)
        if (start > 0 or length is not None) and start >= stat.size:
            raise RangeUnsatisfiable(key)
        part = body[start:] if length is None else body[start : start + length]
        return ObjectBody(stat=stat, start=start, length=len(part), stream=_Blocks(part))

    async def read(self, key: str) -> bytes:
        return self._found(key)[1]

    async def put(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str,
        cache_control: str | None = None,
        only_if_absent: bool = False,
    ) -> ObjectStat:
        if only_if_absent and key in self._objects:
            raise ObjectExists(key)
        return self._write(key, body, etag=_etag(body), content_type=content_type, cache_control=cache_control)

    async def list(self, prefix: str, *, after: str | None = None) -> AsyncIterator[ObjectStat]:
        for key in sorted(self._objects):
            if key.startswith(prefix) and (after is None or key > after) and key in self._objects:
                yield self._objects[key][0]

    async def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            self._objects.pop(key, None)

    async def begin(self, key: str, *, content_type: str) -> str:
        upload_id = str(next(self._ids))
        self._uploads[upload_id] = _Upload(key, content_type)
        return upload_id

    async def put_part(self, key: str, upload_id: str, number: int, body: bytes) -> Part:
        self._upload(key, upload_id).bodies[number] = body
        return Part(number=number, etag=_etag(body), size=len(body))

    async def parts(self, key: str, upload_id: str) -> tuple[Part, ...]:
        bodies = self._upload(key, upload_id).bodies
        return tuple(Part(number=n, etag=_etag(bodies[n]), size=len(bodies[n])) for n in sorted(bodies))

    async def complete(self, key: str, upload_id: str, parts: Sequence[Part]) -> ObjectStat:
        upload = self._upload(key, upload_id)
        held = {part.number: part.etag for part in await self.parts(key, upload_id)}
        if not parts or any(held.get(part.number) != part.etag for part in parts):
            raise ObjectStoreError(f"{key}: InvalidPart")
        bodies = [upload.bodies[part.number] for part in parts]
        if any(len(body) < _SMALLEST_PART for body in bodies[:-1]):
            raise ObjectStoreError(f"{key}: EntityTooSmall")
        del self._uploads[upload_id]
        # S3's ETag of a multipart object: the hash of the parts' hashes and how many they were.
        digests = b"".join(bytes.fromhex(part.etag) for part in parts)
        return self._write(
            key, b"".join(bodies), etag=f"{_etag(digests)}-{len(parts)}", content_type=upload.content_type
        )

    async def abort(self, key: str, upload_id: str) -> None:
        self._uploads.pop(upload_id, None)

    def presign_part(self, key: str, upload_id: str, number: int, *, expires: timedelta) -> str:
        return f"memory:///{key}?uploadId={upload_id}&partNumber={number}&expires={int(expires.total_seconds())}"

    def _found(self, key: str) -> tuple[ObjectStat, bytes]:
        try:
            return self._objects[key]
        except KeyError as exc:
            raise ObjectNotFound(key) from exc

    def _upload(self, key: str, upload_id: str) -> _Upload:
        upload = self._uploads.get(upload_id)
        if upload is None or upload.key != key:
            raise UploadNotFound(f"{key}: {upload_id}")
        return upload

    def _write(
        self, key: str, body: bytes, *, etag: str, content_type: str, cache_control: str | None = None
    ) -> ObjectStat:
        stat = ObjectStat(
            key=key,
            size=len(body),
            etag=etag,
            modified=datetime.now(UTC).replace(microsecond=0),
            content_type=content_type,
            cache_control=cache_control,
        )
        self._objects[key] = (stat, bytes(body))
        return stat
