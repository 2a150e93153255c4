"""Redis and the live process are lost together: the bucket's diary is what the next one goes on from."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from infra.errors import ObjectStoreError
from infra.memory import MemoryCache
from infra.memory.store import MemoryStore
from infra.tasks import end
from manifests import hls, layout
from manifests.hls import MediaPlaylist
from manifests.live.directives import Directives
from manifests.live.names import SegmentName
from streaming.live.viewing.bodies import Bodies
from streaming.live.viewing.follower import Followers
from streaming.live.viewing.service import Viewing
from tests.streaming.live.stage import EVENT, FIRST, PICTURE, PICTURE_SIZE, SOUND, Stage, body
from transcoder.live.broadcast import find_event
from transcoder.live.diary import read_diary
from transcoder.live.resume import read_states

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from infra.redis_cache import RedisCache
    from infra.s3 import S3Store
    from manifests.layout import RenditionId

COUNT = 30
"""Segments: they are on two pages."""


@asynccontextmanager
async def viewing(stage: Stage) -> AsyncIterator[Viewing]:
    """An API process that has just been started."""
    followers = Followers(stage.cache)
    running = asyncio.create_task(followers.run())
    yield Viewing(followers, Bodies(cache=stage.cache, store=stage.store), clock=lambda: stage.now)
    await end(running)


async def listed(watching: Viewing, rendition: RenditionId) -> MediaPlaylist:
    answer = await watching.playlist(EVENT.channel, rendition, Directives())
    assert answer.playlist is not None
    found = hls.parse(answer.playlist.plain.body.decode())
    assert isinstance(found, MediaPlaylist)
    return found


async def shown(stage: Stage) -> list[MediaPlaylist]:
    async with viewing(stage) as watching:
        return [await listed(watching, rendition) for rendition in (PICTURE, SOUND)]


async def killed(stage: Stage) -> None:
    async with asyncio.timeout(60):
        await stage.broadcast._uploads.drained()
    await stage.broadcast._telling.aclose()
    await stage.broadcast._uploads.aclose()
    await stage.cache.script("return redis.call('FLUSHALL')", [], [])


async def gone_on(stage: Stage) -> None:
    stage.broadcast = stage.opened(states=await read_diary(stage.store, EVENT, now_ms=stage.now))
    stage.broadcast.recall()
    await stage.broadcast.take_over()


async def test_the_window_comes_back_and_the_numbers_go_on(cache: RedisCache, store: S3Store) -> None:
    stage = Stage(cache, store)
    stage.begin()
    for number in range(FIRST, FIRST + COUNT):
        await stage.parts(number, range(6))
    await stage.parts(FIRST + COUNT, range(2))
    before = await shown(stage)
    await killed(stage)

    known = await read_diary(stage.store, EVENT, now_ms=stage.now)
    assert [each.picture for each in known[PICTURE].segments] == [PICTURE_SIZE] * COUNT + [0], "the last one is a gap"
    await gone_on(stage)
    stage.publish(FIRST + COUNT + 2)
    stage.now = (FIRST + COUNT + 2) * EVENT.grid.segment_ms
    stage.broadcast.on_air.tick(frozenset())
    await stage.parts(FIRST + COUNT + 2, range(6))
    for old, now in zip(before, await shown(stage), strict=True):
        assert (now.media_sequence, now.discontinuity_sequence) == (FIRST, old.discontinuity_sequence)
        for one, two in zip(old.segments, now.segments, strict=False):
            assert (one.uri, one.duration, one.program_date_time) == (two.uri, two.duration, two.program_date_time)
        later = now.segments[len(old.segments) :]
        # What had been listed in parts, that nobody has any more; then what was missed; then who came again.
        assert [each.gap for each in later] == [True, False, False]
        assert [each.uri for each in later] == [f"{FIRST + COUNT + place}.m4s" for place in range(3)]
    await stage.broadcast.aclose()


async def test_an_event_that_had_ended_is_shown_as_it_was(cache: RedisCache, store: S3Store) -> None:
    stage = Stage(cache, store)
    stage.begin()
    for number in range(FIRST, FIRST + 3):
        await stage.parts(number, range(6))
    stage.broadcast.on_air.end()
    async with asyncio.timeout(60):
        await stage.broadcast._telling.drained()
    before = await shown(stage)
    await killed(stage)
    await gone_on(stage)
    async with asyncio.timeout(60):
        await stage.broadcast.finish()
    after = await shown(stage)
    assert all(playlist.ended for playlist in after)
    for old, now in zip(before, after, strict=True):
        assert [(each.uri, each.duration) for each in old.segments] == [
            (each.uri, each.duration) for each in now.segments
        ]


async def test_what_the_bucket_did_not_take_is_shown_and_brought_there_by_the_next(
    cache: RedisCache, store: S3Store, eventually: Callable[..., Awaitable[None]]
) -> None:
    stage = Stage(cache, store)
    stage.begin()
    for number in range(FIRST, FIRST + 14):
        await stage.parts(number, range(6))
    async with asyncio.timeout(60):
        await stage.broadcast._uploads.drained()
    await stage.broadcast._telling.aclose()
    await stage.broadcast._uploads.aclose()
    key, whole = layout.live_segment(EVENT.channel, PICTURE, FIRST), b"".join(body(PICTURE, FIRST, n) for n in range(6))
    await store.delete([key])  # as if it had taken nothing for long, and the process had been killed
    async with viewing(stage) as watching:
        assert (await watching.media(EVENT.channel, PICTURE, SegmentName(number=FIRST))).body == whole
    stage.broadcast = stage.opened(states=await read_states(cache, EVENT))
    await stage.broadcast.take_over()

    async def is_there() -> bool:
        return await store.head(key) is not None

    await eventually(is_there)
    assert await store.read(key) == whole
    await stage.broadcast.aclose()


async def test_without_a_diary_there_is_nothing_to_go_on_from(store: S3Store) -> None:
    assert await read_diary(store, EVENT, now_ms=0) == {}


class Away(MemoryStore):
    """A bucket that does not answer."""

    async def read(self, key: str) -> bytes:
        raise ObjectStoreError


async def test_an_event_that_begins_does_not_wait_for_the_bucket_and_one_that_goes_on_does() -> None:
    cache = MemoryCache()
    assert await find_event(cache, Away(), EVENT.channel, 1, is_begun=False) is None
    with pytest.raises(ObjectStoreError):
        await find_event(cache, Away(), EVENT.channel, 1, is_begun=True)
    assert await find_event(cache, MemoryStore(), EVENT.channel, 1, is_begun=True) is None
