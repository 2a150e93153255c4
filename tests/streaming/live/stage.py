"""A channel on air without an encoder: what is watched is put there part by part, over a real Redis and bucket."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.transcoder.live import feeds
from tests.transcoder.live.test_slate import slate
from transcoder.live.broadcast import Broadcast
from transcoder.live.part import Part
from transcoder.live.selector import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from infra.redis_cache import RedisCache
    from infra.s3 import S3Store
    from manifests.layout import RenditionId
    from transcoder.live.event import LiveEvent
    from transcoder.live.slate import Slate

EVENT = feeds.event()
PICTURE, SOUND = EVENT.rungs[-1].id, EVENT.sound.id
FIRST = 935_070_981
PICTURE_SIZE = 5
"""Bytes of a part, up to the end of its first picture."""


async def still(event: LiveEvent, picture: bytes | None) -> Slate:
    """A slate that nobody had to encode."""
    return slate()


class Stage:
    """A channel on air; its clock stands at the end of what was made. `made`: the bytes of a part."""

    def __init__(
        self, cache: RedisCache, store: S3Store, *, made: Callable[[RenditionId, int, int], bytes] | None = None
    ) -> None:
        self.made = made or body
        self.now = FIRST * EVENT.grid.segment_ms
        self.cache, self.store = cache, store
        self.broadcast = self.opened()

    def opened(self, event: LiveEvent = EVENT, **kept: object) -> Broadcast:
        return Broadcast(
            event, cache=self.cache, store=self.store, clock=lambda: self.now, dvr=timedelta(minutes=5),
            slate_of=still, **kept,  # type: ignore[arg-type]
        )  # fmt: skip

    def begin(self, number: int = FIRST) -> None:
        self.broadcast.announce()
        self.publish(number)

    def publish(self, number: int, *, init: bytes = b"") -> None:
        """A publisher comes, whose first segment is this one; `init`: his init sections, if not those of the slate."""
        self._joined = self.broadcast.on_air.join(Source.PRIMARY, segment=number, dense=False)
        for rendition in EVENT.renditions:
            self._joined.init(rendition, init or slate().inits[rendition])

    async def parts(self, number: int, places: range, *, renditions: Sequence[RenditionId] = EVENT.renditions) -> None:
        for place in places:
            self.now = number * EVENT.grid.segment_ms + (place + 1) * EVENT.grid.segment_ms // EVENT.grid.parts
            for rendition in renditions:
                self._joined.part(part(rendition, number, place, self.made(rendition, number, place)))
        async with asyncio.timeout(60):
            await self.broadcast._telling.drained()


def part(rendition: RenditionId, number: int, place: int, made: bytes | None = None) -> Part:
    track = EVENT.track(rendition)
    return Part(
        rendition=rendition, msn=number, start=number * track.segment + place * track.part, duration=track.part,
        independent=place == 0, last=place + 1 == track.parts,
        body=body(rendition, number, place) if made is None else made, first=PICTURE_SIZE,
    )  # fmt: skip


def body(rendition: RenditionId, number: int, place: int) -> bytes:
    return f"{rendition} {number}.{place}|".encode()
