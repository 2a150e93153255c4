"""The bytes of parts and segments, wherever they are by now: in this process, in Redis, in the bucket."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from infra.errors import CacheUnavailable, ObjectNotFound
from manifests import layout
from streaming.http.caching import strong_etag
from streaming.http.ranges import parse_range
from streaming.playback.single_flight import SingleFlight
from transcoder.live import board

if TYPE_CHECKING:
    from infra.ports import Cache, ObjectBody, ObjectStore
    from manifests.layout import RenditionId
    from manifests.live.names import PartName
    from manifests.live.state import LiveSegment
    from streaming.http.ranges import ByteRange
    from transcoder.live.event import LiveEvent

_HELD: Final = 64 << 20


class Bodies:
    """Keeps the last `held` bytes that were asked for: every viewer at the live edge asks for the same."""

    def __init__(self, *, cache: Cache, store: ObjectStore, held: int = _HELD) -> None:
        self._cache, self._store, self._held = cache, store, held
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._tags: dict[bytes, str] = {}
        self._bytes = 0
        self._flight: SingleFlight[str, bytes | None] = SingleFlight()

    async def left_part(self, event: LiveEvent, rendition: RenditionId, name: PartName) -> bytes | None:
        """One whose segment is listed no more; None: it is gone. Raises CacheUnavailable."""
        return await self._get(board.part_key(event.channel, rendition, name.number, name.index))

    async def part(self, event: LiveEvent, rendition: RenditionId, segment: LiveSegment, index: int) -> bytes | None:
        """None: it is gone, or nobody knows where it lies in its segment. Raises CacheUnavailable, ObjectStoreError."""
        away: CacheUnavailable | None = None
        try:
            found = await self._get(board.part_key(event.channel, rendition, segment.number, index))
        except CacheUnavailable as exc:
            found, away = None, exc
        if found is not None:
            return found
        if index >= len(segment.parts):
            if away is not None:
                raise away
            return None
        # A segment is its parts, one behind the other.
        start = sum(part.size for part in segment.parts[:index])
        try:
            opened = await self._store.get(
                layout.live_segment(event.channel, rendition, segment.number), start=start,
                length=segment.parts[index].size,
            )  # fmt: skip
        except ObjectNotFound:
            if away is not None:
                raise away from None  # nobody can say that it is gone
            return None
        return b"".join([block async for block in opened.stream])

    async def recent(self, event: LiveEvent, rendition: RenditionId, segment: LiveSegment) -> bytes | None:
        """A whole segment, from its parts; None: they are not kept any more."""
        found = []
        for index in range(segment.count):
            try:
                part = await self._get(board.part_key(event.channel, rendition, segment.number, index))
            except CacheUnavailable:
                return None
            if part is None:
                return None
            found.append(part)
        return b"".join(found) or None

    async def stored(
        self, event: LiveEvent, rendition: RenditionId, number: int, *, range_header: str | None = None
    ) -> tuple[ObjectBody | None, ByteRange | None]:
        """A segment in the bucket, or the one range of it that is asked for. Raises RangeNotSatisfiable;
        ObjectStoreError."""
        key = layout.live_segment(event.channel, rendition, number)
        try:
            if range_header is None:
                return await self._store.get(key), None
            stat = await self._store.head(key)
            part = None if stat is None else parse_range(range_header, stat.size)
            if part is None:
                return await self._store.get(key), None
            return await self._store.get(key, start=part.start, length=part.length), part
        except ObjectNotFound:
            return None, None

    async def rest(self, event: LiveEvent, rendition: RenditionId, number: int, start: int) -> bytes | None:
        """A segment in the bucket from this byte on. Raises ObjectStoreError."""
        try:
            opened = await self._store.get(layout.live_segment(event.channel, rendition, number), start=start)
        except ObjectNotFound:
            return None
        return b"".join([block async for block in opened.stream])

    async def init(self, event: LiveEvent, rendition: RenditionId, name: str) -> bytes | None:
        """Raises CacheUnavailable, ObjectStoreError."""
        away: CacheUnavailable | None = None
        try:
            found = await self._get(board.init_key(event.channel, rendition, name))
        except CacheUnavailable as exc:
            found, away = None, exc
        if found is not None:
            return found
        try:
            return await self._store.read(layout.live_init(event.channel, rendition, name))
        except ObjectNotFound:
            if away is not None:
                raise away from None
            return None

    def tag(self, body: bytes) -> str:
        """The strong tag of bytes; that of a part which is kept was worked out once for all viewers."""
        return self._tags.get(body) or strong_etag(body)

    async def _get(self, key: str) -> bytes | None:
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        return await self._flight(key, lambda: self._fetch(key))

    async def _fetch(self, key: str) -> bytes | None:
        body = await self._cache.get(key)
        if body is not None:
            self._kept[key] = body
            self._tags[body] = strong_etag(body)
            self._bytes += len(body)
            while self._bytes > self._held:
                gone = self._kept.popitem(last=False)[1]
                self._tags.pop(gone, None)
                self._bytes -= len(gone)
        return body
