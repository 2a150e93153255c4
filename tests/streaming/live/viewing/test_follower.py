"""Two API processes over a real Redis, of which one is cut off: a player that goes from one to the other is never told
less than before."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from infra.memory import MemoryCache
from infra.redis_cache import RedisCache
from infra.tasks import end
from manifests import hls
from manifests.hls import MediaPlaylist
from manifests.live.directives import Directives
from manifests.live.names import PartName, SegmentName
from streaming.live.viewing.bodies import Bodies
from streaming.live.viewing.errors import EventUnknown, WrongDirectives
from streaming.live.viewing.follower import Follower, Followers
from streaming.live.viewing.service import Viewing
from tests.streaming.live.stage import EVENT, FIRST, PICTURE, Stage, body
from transcoder.live import board

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from infra.s3 import S3Store
    from tests.conftest import ValkeyServer


class Line:
    """A line to Redis that can be held: then nothing goes through, and nobody is told so."""

    def __init__(self, url: str) -> None:
        self._redis = urlsplit(url)
        self.url = ""
        self.flows = asyncio.Event()
        self.flows.set()
        self.holds_wake_ups_alone = False

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Line]:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
        try:
            yield self
        finally:
            self.flows.set()
            server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._redis.hostname, self._redis.port)
        subscribed = asyncio.Event()

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            with suppress(OSError):
                while piece := await source.read(65536):
                    if b"SUBSCRIBE" in piece:
                        subscribed.set()
                    if subscribed.is_set() or not self.holds_wake_ups_alone:
                        await self.flows.wait()
                    sink.write(piece)
            sink.close()

        await asyncio.gather(pump(reader, back), pump(there, writer))


@asynccontextmanager
async def api(stage: Stage, url: str) -> AsyncIterator[Viewing]:
    cache = RedisCache(url)
    followers = Followers(cache)
    running = asyncio.create_task(followers.run())
    try:
        yield Viewing(followers, Bodies(cache=cache, store=stage.store), clock=lambda: stage.now)
    finally:
        await end(running)
        await cache.aclose()


@pytest.fixture
async def stage(cache: RedisCache, store: S3Store) -> AsyncIterator[Stage]:
    made = Stage(cache, store)
    made.begin()
    for number in range(FIRST, FIRST + 2):
        await made.parts(number, range(6))
    yield made
    await made.broadcast.aclose()


async def listed(viewing: Viewing, directives: Directives | None = None) -> MediaPlaylist:
    answer = await viewing.playlist(EVENT.channel, PICTURE, directives or Directives())
    assert answer.playlist is not None
    found = hls.parse(answer.playlist.plain.body.decode())
    assert isinstance(found, MediaPlaylist)
    return found


async def test_who_is_cut_off_says_nothing_that_others_may_know_better(stage: Stage, valkey_url: str) -> None:
    async with Line(valkey_url).open() as line, api(stage, valkey_url) as one, api(stage, line.url) as other:
        assert [len((await listed(each)).segments) for each in (one, other)] == [2, 2]
        line.flows.clear()
        for number in range(FIRST + 2, FIRST + 6):
            await stage.parts(number, range(6))
        assert len((await listed(one)).segments) == 6
        too_far, later = Directives(msn=FIRST + 6, part=0), PartName(number=FIRST + 6, index=0)
        answers = await asyncio.gather(
            listed(other),
            listed(other, too_far),
            other.media(EVENT.channel, PICTURE, later),
            other.iframe_playlist(EVENT.channel, PICTURE, Directives()),
            return_exceptions=True,
        )
        assert [type(answer) for answer in answers] == [EventUnknown] * 4
        # What it has is not said differently anywhere else; and a segment stays what it was.
        assert len((await listed(other, Directives(msn=FIRST + 1))).segments) == 2
        line.flows.set()
        assert len((await listed(other)).segments) == 6


async def test_who_hears_no_wake_ups_asks(stage: Stage, valkey_url: str) -> None:
    async with Line(valkey_url).open() as line, api(stage, line.url) as other:
        assert len((await listed(other)).segments) == 2
        line.holds_wake_ups_alone = True
        line.flows.clear()
        for number in range(FIRST + 2, FIRST + 16):  # more than a tail has
            await stage.parts(number, range(6))
        answer = await other.media(EVENT.channel, PICTURE, SegmentName(number=FIRST + 15))
        assert answer.body == b"".join(body(PICTURE, FIRST + 15, place) for place in range(6))
        await stage.parts(FIRST + 16, range(1))
        found = await listed(other)
        assert (found.media_sequence, len(found.segments)) == (FIRST, 16)
        assert found.growing is not None
        with pytest.raises(WrongDirectives):
            await listed(other, Directives(msn=FIRST + 19, part=0))


async def test_a_redis_that_is_gone_has_told_nobody_more(valkey_server: ValkeyServer, store: S3Store) -> None:
    redis = RedisCache(valkey_server.url)
    stage = Stage(redis, store)
    stage.begin()
    await stage.parts(FIRST, range(6))
    async with api(stage, valkey_server.url) as viewing:
        before = await listed(viewing)
        valkey_server.kill()
        assert await listed(viewing) == before
        with pytest.raises(WrongDirectives):
            await listed(viewing, Directives(msn=FIRST + 5))
    await stage.broadcast.aclose()
    await redis.aclose()


async def test_one_question_answers_all_who_came_before_it(stage: Stage, valkey_url: str) -> None:
    async with Line(valkey_url).open() as line, api(stage, line.url) as viewing:
        await listed(viewing)
        follower = await viewing._followers.of(EVENT.channel)
        line.flows.clear()
        asked = [asyncio.create_task(follower.confirm()) for _ in range(50)]
        await asyncio.sleep(0)  # they begin
        first = follower._asking
        late = [asyncio.create_task(follower.confirm()) for _ in range(50)]
        await stage.parts(FIRST + 2, range(6))  # behind the first question
        line.flows.set()
        await asyncio.gather(*asked, *late)
        assert follower._asking is not first, "who came later was not answered by what was asked before"
        assert follower.states[PICTURE].last_whole == FIRST + 2


async def test_who_waits_hears_at_once_that_the_channel_is_gone() -> None:
    cache = MemoryCache()
    follower = Follower(EVENT.channel, cache)
    await follower.ready()
    follower.event = EVENT
    async with asyncio.timeout(20):
        waiting = asyncio.create_task(follower.changed(PICTURE, within_s=600))
        await asyncio.wait([waiting], timeout=0)
        await cache.publish(board.wake_up(EVENT.channel), board.GONE)
        await waiting
    assert follower.event is None
    await end(follower.task)
