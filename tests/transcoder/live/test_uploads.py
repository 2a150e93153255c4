from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from infra.errors import ObjectStoreError
from infra.memory.store import MemoryStore
from manifests import media_types
from transcoder.live.uploads import Upload, Uploads

if TYPE_CHECKING:
    from infra.ports import ObjectStat


class Moody(MemoryStore):
    """A bucket that takes nothing until it is told to; `written` keeps the order."""

    def __init__(self) -> None:
        super().__init__()
        self.takes = asyncio.Event()
        self.refused = asyncio.Event()
        self.written: list[str] = []

    async def put(self, key: str, body: bytes, **how: Any) -> ObjectStat:
        if not self.takes.is_set():
            self.refused.set()
            raise ObjectStoreError
        self.written.append(key)
        return await super().put(key, body, **how)


def segment(number: int, body: bytes = b"moof") -> Upload:
    return Upload(key=f"segment {number}", body=body, media_type=media_types.SEGMENT)


def playlist(body: bytes) -> Upload:
    return Upload(key="playlist", body=body, media_type=media_types.M3U8, once=False)


async def test_segments_come_before_the_playlist_that_names_them() -> None:
    store = Moody()
    uploads = Uploads(store)
    for number in range(3):
        uploads.put(segment(number))
        uploads.put(playlist(b"up to %d" % number))
    async with asyncio.timeout(20):
        await store.refused.wait()
        store.takes.set()
        await uploads.drained()
    assert store.written == ["segment 0", "segment 1", "segment 2", "playlist"]
    assert await store.read("playlist") == b"up to 2"
    await uploads.aclose()


async def test_of_too_much_the_oldest_segments_are_given_up() -> None:
    store = Moody()
    uploads = Uploads(store, held=25)
    for number in range(4):
        uploads.put(segment(number, bytes(10)))
    store.takes.set()
    async with asyncio.timeout(20):
        await uploads.drained()
    assert store.written == ["segment 2", "segment 3"]
    await uploads.aclose()


async def test_what_is_there_already_is_no_error() -> None:
    store = Moody()
    store.takes.set()
    for _ in range(2):
        uploads = Uploads(store)
        uploads.put(segment(1))
        async with asyncio.timeout(20):
            await uploads.drained()
        await uploads.aclose()
