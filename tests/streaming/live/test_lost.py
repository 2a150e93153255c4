"""Redis and the live process are lost together: the bucket's diary is what the next one goes on from."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from infra.errors import ObjectStoreError
from infra.memory import MemoryCache
from infra.memory.store import MemoryStore
from infra.tasks import end
from manifests import hls, layout
from manifests.hls import MediaPlaylist
from manifests.live.directives import Directives
from manifests.live.names import PartName, SegmentName
from streaming.live.viewing.bodies import Bodies
from streaming.live.viewing.follower import Followers
from streaming.live.viewing.service import Viewing
from tests.streaming.live.stage import EVENT, FIRST, PICTURE, PICTURE_SIZE, SOUND, Stage, body
from transcoder.live import board
from transcoder.live.broadcast import find_event
from transcoder.live.diary import read_diary, says_over
from transcoder.live.journal import Journal
from transcoder.live.left import find_left
from transcoder.live.resume import read_states

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

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


class Shut(MemoryStore):
    """A bucket that takes nothing any more."""

    async def put(self, *_: object, **__: object) -> None:  # type: ignore[override]
        raise ObjectStoreError


@pytest.mark.parametrize("is_emptied", [True, False], ids=["all", "what was written last"])
async def test_what_was_listed_is_there_with_a_journal_of_this_machine(
    cache: RedisCache, store: S3Store, tmp_path: Path, eventually: Callable[..., Awaitable[None]], is_emptied: bool
) -> None:
    stage = Stage(cache, store)
    stage.broadcast = stage.opened(journal=Journal(tmp_path))
    stage.begin()
    for number in range(FIRST, FIRST + COUNT):
        await stage.parts(number, range(6))
    async with asyncio.timeout(60):
        await stage.broadcast._uploads.drained()
    await eventually(lambda: len(list(tmp_path.glob("*/935*"))) == len(EVENT.renditions), timeout=20)
    # The bucket takes nothing more; then the process and Redis die, between two parts of a segment.
    stage.broadcast._uploads._store = Shut()
    for number in range(FIRST + COUNT, FIRST + COUNT + 10):
        await stage.parts(number, range(6))
    await stage.parts(FIRST + COUNT + 10, range(2))
    older = [(key, await cache.get(key)) for key in (board.tail_key(EVENT.channel, each) for each in EVENT.renditions)]
    await stage.parts(FIRST + COUNT + 10, range(2, 4))
    before = await shown(stage)
    await stage.broadcast._telling.aclose()
    await stage.broadcast._uploads.aclose()
    stage.broadcast._journal.close()  # type: ignore[union-attr]
    if is_emptied:
        await cache.script("return redis.call('FLUSHALL')", [], [])
    else:
        for key, tail in older:
            await cache.put(key, tail or b"", ttl=timedelta(minutes=1))

    journal = Journal(tmp_path)
    assert await find_event(cache, store, EVENT.channel, EVENT.number, is_begun=True, journal=journal) == EVENT
    left = await find_left(cache, store, EVENT, journal, now_ms=stage.now)
    assert left.is_lost
    stage.broadcast = stage.opened(states=left.states, journal=journal)
    await stage.broadcast.take_over()
    stage.broadcast.recall()
    async with asyncio.timeout(60):
        await stage.broadcast._telling.drained()
    assert await shown(stage) == before
    async with viewing(stage) as watching:
        for rendition, playlist in zip((PICTURE, SOUND), before, strict=True):
            assert playlist.growing is not None
            assert len(playlist.growing.parts) == 4
            for part in (*playlist.segments[-1].parts, *playlist.growing.parts):
                number, index = map(int, part.uri.split(".")[:2])
                answer = await watching.media(EVENT.channel, rendition, PartName(number=number, index=index))
                assert answer.body == body(rendition, number, index)
    for number in range(FIRST, FIRST + COUNT + 10):
        key, whole = (
            layout.live_segment(EVENT.channel, SOUND, number),
            b"".join(body(SOUND, number, n) for n in range(6)),
        )
        await eventually(lambda key=key: _is_there(store, key), timeout=60)
        assert await store.read(key) == whole
    # It goes on where it was: in the same segment, behind the same parts.
    stage.now = (FIRST + COUNT + 11) * EVENT.grid.segment_ms
    stage.broadcast.on_air.tick(frozenset())
    async with asyncio.timeout(60):
        await stage.broadcast._telling.drained()
    for old, now in zip(before, await shown(stage), strict=True):
        said = [[(each.uri, each.gap, each.duration) for each in playlist.segments] for playlist in (old, now)]
        assert said[1][: len(said[0])] == said[0]
        (grown,) = now.segments[len(old.segments) :]
        assert old.growing is not None
        assert (grown.gap, grown.discontinuity, grown.parts[:4]) == (False, False, old.growing.parts)
    stage.broadcast.on_air.end()
    async with asyncio.timeout(60):
        await stage.broadcast.finish()
    await eventually(lambda: not tmp_path.exists(), timeout=60)


async def _is_there(store: S3Store, key: str) -> bool:
    return await store.head(key) is not None


async def test_a_journal_is_not_believed_where_another_machine_went_on(
    cache: RedisCache, store: S3Store, tmp_path: Path
) -> None:
    stage = Stage(cache, store)
    stage.broadcast = stage.opened(journal=Journal(tmp_path))
    stage.begin()
    await stage.parts(FIRST, range(6))
    await stage.broadcast._telling.aclose()
    ours = dict(stage.broadcast.packager.states)
    journal = stage.broadcast._journal
    assert journal is not None
    other = stage.opened(states=await read_states(cache, EVENT))
    stage.broadcast._telling._journal, stage.broadcast = None, other
    stage.publish(FIRST + 1)
    await stage.parts(FIRST + 1, range(1))
    # What was written here and not told any more is ahead of what the other one told.
    for rendition in EVENT.renditions:
        assert journal.states(EVENT, ours) is not None
        assert (tmp_path / rendition).exists()
    left = await find_left(cache, store, EVENT, journal, now_ms=stage.now)
    assert (left.is_lost, left.states) == (False, await read_states(cache, EVENT))
    journal.clear().result()
    assert not tmp_path.exists()
    await other.aclose()


@pytest.mark.parametrize("is_over", [False, True])
async def test_who_was_killed_before_the_first_part_is_followed_by_another(
    cache: RedisCache, store: S3Store, is_over: bool
) -> None:
    stage = Stage(cache, store)
    stage.broadcast.announce()
    await killed(stage)
    await gone_on(stage)
    if not is_over:
        stage.publish(FIRST)
        await stage.parts(FIRST, range(6))
    async with asyncio.timeout(60):
        await stage.broadcast.finish()
    states = await read_states(cache, EVENT)
    assert {name: len(state.segments) for name, state in states.items()} == (
        {} if is_over else dict.fromkeys(EVENT.renditions, 1)
    )


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


async def test_the_end_of_an_event_is_brought_there_by_the_next(
    cache: RedisCache, store: S3Store, tmp_path: Path, eventually: Callable[..., Awaitable[None]]
) -> None:
    stage = Stage(cache, store)
    stage.broadcast = stage.opened(journal=Journal(tmp_path))
    stage.begin()
    for number in range(FIRST, FIRST + 3):
        await stage.parts(number, range(6))
    async with asyncio.timeout(60):
        await stage.broadcast._uploads.drained()
    # It ends, and the process is killed before the bucket has taken the rest of it.
    stage.broadcast._uploads._store = Shut()
    for number in range(FIRST + 3, FIRST + COUNT):
        await stage.parts(number, range(6))
    stage.broadcast.on_air.end()
    async with asyncio.timeout(60):
        await stage.broadcast._telling.drained()
    await stage.broadcast._telling.aclose()
    await stage.broadcast._uploads.aclose()
    stage.broadcast._journal.close()  # type: ignore[union-attr]
    assert not await says_over(store, EVENT)

    journal = Journal(tmp_path)
    left = await find_left(cache, store, EVENT, journal, now_ms=stage.now)
    stage.broadcast = stage.opened(states=left.states, journal=journal)
    await stage.broadcast.take_over()
    async with asyncio.timeout(60):
        await stage.broadcast.finish()
    await eventually(lambda: not tmp_path.exists(), timeout=60)
    for number in range(FIRST, FIRST + COUNT):
        whole = b"".join(body(SOUND, number, index) for index in range(6))
        assert await store.read(layout.live_segment(EVENT.channel, SOUND, number)) == whole
    assert await says_over(store, EVENT)
    for rendition, state in (await read_diary(store, EVENT, now_ms=stage.now)).items():
        assert [each.number for each in state.segments if not each.gap] == [*range(FIRST, FIRST + COUNT)]
        listed = hls.parse((await store.read(layout.live_playlist(EVENT.channel, rendition))).decode())
        assert isinstance(listed, MediaPlaylist)
        assert (listed.ended, len(listed.segments)) == (True, COUNT)


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
