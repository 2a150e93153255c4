"""A segment that grows, part by part: each is sent on as soon as it is there, until the segment is whole."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from streaming.live.viewing.errors import LiveMediaNotFound, PartLate

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from manifests.layout import RenditionId
    from streaming.live.viewing.bodies import Bodies
    from streaming.live.viewing.follower import Follower
    from transcoder.live.event import LiveEvent


async def grow(
    first: bytes, number: int, *, rendition: RenditionId, event: LiveEvent, follower: Follower, bodies: Bodies,
    patience_s: float,
) -> AsyncGenerator[bytes]:  # fmt: skip
    """The bytes of segment `number`, of which `first` is the first part: in the end those of the whole segment.

    Raises PartLate if the next part does not come within `patience_s` or is lost, LiveMediaNotFound if the segment is
    taken away; CacheUnavailable, ObjectStoreError. Whoever sends this has to cut the connection then.
    """
    loop = asyncio.get_running_loop()
    yield first
    place, sent, until = 1, len(first), loop.time() + patience_s
    while True:
        state = follower.states.get(rendition)
        segment = state.segment(number) if state is not None and follower.event == event else None
        if segment is None:
            raise LiveMediaNotFound
        if place < segment.count:
            if place < len(segment.parts):
                body = await bodies.part(event, rendition, segment, place)
            else:  # it went to somebody so slow that its parts are no more told of: all of it is in the bucket
                body, place = await bodies.rest(event, rendition, number, sent), segment.count - 1
            if body is None:
                raise PartLate
            yield body
            place, sent, until = place + 1, sent + len(body), loop.time() + patience_s
        elif segment.ended_ms is not None:
            return
        elif loop.time() < until:
            await follower.changed(rendition, within_s=until - loop.time())
        else:
            raise PartLate
