from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from infra.errors import ObjectStoreError
from infra.memory.store import MemoryStore
from manifests import media_types
from transcoder.live.upload_order import Order, Upload
from transcoder.live.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

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
    return Upload(key="playlist", body=body, media_type=media_types.M3U8, order=Order.LISTING)


async def test_segments_come_before_the_playlist_that_names_them() -> None:
    store = Moody()
    uploads = Uploads(store)
    for number in range(3):
        uploads.put(segment(number))
        uploads.put(playlist(b"up to %d" % number))
    async with asyncio.timeout(60):
        await store.refused.wait()
        store.takes.set()
        await uploads.drained()
    assert store.written.index("playlist") > store.written.index("segment 0")
    assert (store.written[-1], set(store.written)) == ("playlist", {"playlist", *(f"segment {n}" for n in range(3))})
    assert await store.read("playlist") == b"up to 2"
    await uploads.aclose()


async def test_of_too_much_the_oldest_segments_are_given_up(eventually: Callable[..., Awaitable[None]]) -> None:
    store, lost = Moody(), list[str]()
    uploads = Uploads(store, held=25, lost=lambda upload: lost.append(upload.key))
    uploads.put(segment(0, bytes(10)))
    await eventually(lambda: bool(uploads.trouble))
    async with asyncio.timeout(60):
        for number in range(1, 4):
            uploads.put(segment(number, bytes(10)))
        store.takes.set()
        await uploads.drained()
    assert (store.written, lost) == (["segment 2", "segment 3"], ["segment 0", "segment 1"])
    await uploads.aclose()


async def test_what_is_there_already_is_no_error() -> None:
    store = Moody()
    store.takes.set()
    for _ in range(2):
        uploads = Uploads(store)
        uploads.put(segment(1))
        async with asyncio.timeout(60):
            await uploads.drained()
        await uploads.aclose()


class Slow(MemoryStore):
    """A bucket that answers when it is told to; `asked` has what is on its way."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: dict[str, asyncio.Event] = {}
        self.changed = asyncio.Condition()

    async def put(self, key: str, body: bytes, **how: Any) -> ObjectStat:
        answered = self.asked.setdefault(key, asyncio.Event())
        await self._tell()
        await answered.wait()
        stat = await super().put(key, body, **how)
        await self._tell()
        return stat

    async def _tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def until_asked(self, *keys: str) -> None:
        async with asyncio.timeout(60), self.changed:
            await self.changed.wait_for(lambda: set(self.asked) == set(keys))


async def test_segments_are_on_their_way_side_by_side_and_a_playlist_behind_them() -> None:
    store, folders = Slow(), ("live/a/v/", "live/a/s/")
    uploads = Uploads(store)
    for folder in folders:
        uploads.put(Upload(key=f"{folder}init", body=b"moov", media_type="video/mp4", order=Order.FACT))
        uploads.put(Upload(key=f"{folder}1", body=b"moof", media_type=media_types.SEGMENT))
        uploads.put(Upload(key=f"{folder}list", body=b"1", media_type=media_types.M3U8, order=Order.LISTING))
    inits, segments = [{f"{folder}{name}" for folder in folders} for name in ("init", "1")]
    await store.until_asked(*inits)
    store.asked["live/a/v/init"].set()
    await store.until_asked(*inits, "live/a/v/1")
    store.asked["live/a/s/init"].set()
    await store.until_asked(*inits, *segments)
    store.asked["live/a/v/1"].set()
    await store.until_asked(*inits, *segments, "live/a/v/list")
    assert uploads.waiting == 3
    store.asked["live/a/v/list"].set()
    store.asked["live/a/s/1"].set()
    await store.until_asked(*store.asked, "live/a/s/list")
    store.asked["live/a/s/list"].set()
    async with asyncio.timeout(60):
        await uploads.drained()
    await uploads.aclose()


async def test_a_bucket_that_is_slower_than_the_segments_gets_a_playlist_too() -> None:
    store = Slow()
    uploads = Uploads(store)
    for number in range(5):
        uploads.put(segment(number))
        uploads.put(playlist(b"up to %d" % number))
    await store.until_asked(*(f"segment {number}" for number in range(5)))
    store.asked["segment 0"].set()
    await store.until_asked(*store.asked, "playlist")
    store.asked["playlist"].set()
    async with asyncio.timeout(60), store.changed:
        await store.changed.wait_for(lambda: uploads.waiting < 6)
    assert await store.read("playlist") == b"up to 0"
    await uploads.aclose()
