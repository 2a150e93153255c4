"""A segment that grows, as players of Low-Latency DASH ask for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import httpx
import pytest
import uvicorn
from defusedxml import ElementTree

from infra.tasks import end
from manifests.hls import date_time
from manifests.live.names import SegmentName
from streaming.live.viewing.bodies import Bodies
from streaming.live.viewing.errors import LiveMediaNotFound, PartLate
from streaming.live.viewing.follower import Followers
from streaming.live.viewing.growing import grow
from streaming.live.viewing.service import Viewing
from tests.mpd_rules import faults
from tests.streaming.live.stage import EVENT, FIRST, PICTURE, SOUND, Stage, body
from transcoder.live import board

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.applications import Starlette

    from infra.ports import ByteStream
    from infra.redis_cache import RedisCache
    from infra.s3 import S3Store
    from streaming.services import Services

WHOLE = b"".join(body(PICTURE, FIRST, place) for place in range(6))
URL = f"/live/arena/{PICTURE}/{FIRST}.m4s"
NAME = SegmentName(number=FIRST)


@pytest.fixture
async def stage(services: Services, cache: RedisCache, store: S3Store) -> AsyncIterator[Stage]:
    await services.channels.create(title="Arena", channel_id="arena", created_by="me")
    stage = Stage(cache, store)
    # A busy machine must not make a request wait for longer than it may.
    services.viewing._clock = lambda: stage.now
    stage.begin()
    yield stage
    await stage.broadcast.aclose()


@pytest.fixture
async def processes(services: Services, stage: Stage) -> AsyncIterator[list[Viewing]]:
    """Two API processes."""
    followers = Followers(stage.cache)
    other = Viewing(followers, Bodies(cache=stage.cache, store=stage.store), clock=lambda: stage.now)
    yield [services.viewing, other]
    await end(*(follower.task for one in (services.followers, followers) for follower in one._followers.values()))


@pytest.fixture
async def client(app: Starlette, eventually: Callable[..., Awaitable[None]]) -> AsyncIterator[httpx.AsyncClient]:
    """Over a port: what is cut needs a connection."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve())
    await eventually(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
        yield client
    server.should_exit = True
    await serving


async def begin(viewing: Viewing) -> ByteStream:
    answer = await viewing.media(EVENT.channel, PICTURE, NAME, whole=False)
    assert answer.cache_control == "public, max-age=31536000, immutable"
    assert answer.growing is not None
    return answer.growing


async def test_each_part_is_sent_on_when_it_comes_and_in_the_end_it_is_the_segment(
    stage: Stage, processes: list[Viewing]
) -> None:
    early = [asyncio.create_task(begin(viewing)) for viewing in processes]  # it is waited for
    await stage.parts(FIRST, range(2))
    growing = [await each for each in early]
    for place in range(2):
        assert [await anext(each) for each in growing] == [body(PICTURE, FIRST, place)] * 2
    for place in range(2, 6):
        following = [asyncio.create_task(anext(each)) for each in growing]
        await asyncio.wait(following, timeout=0.02)
        assert not any(task.done() for task in following)
        await stage.parts(FIRST, range(place, place + 1))
        assert [await each for each in following] == [body(PICTURE, FIRST, place)] * 2
    assert [[left async for left in each] for each in growing] == [[], []]
    for viewing in processes:
        assert (await viewing.media(EVENT.channel, PICTURE, NAME, whole=False)).body == WHOLE


async def test_over_http_it_comes_in_chunks_and_is_to_be_kept(
    client: httpx.AsyncClient, stage: Stage, processes: list[Viewing]
) -> None:
    await stage.parts(FIRST, range(2))
    ranged = asyncio.create_task(client.get(URL, headers={"Range": "bytes=0-"}))
    head = await client.head(URL)
    assert (head.status_code, head.content) == (200, b"")
    async with client.stream("GET", URL) as growing:
        came = growing.aiter_raw()
        assert [await anext(came) for _ in range(2)] == [body(PICTURE, FIRST, place) for place in range(2)]
        assert not ranged.done()
        assert growing.headers["transfer-encoding"] == "chunked"
        assert growing.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert growing.headers["x-accel-buffering"] == "no"
        assert {"content-length", "etag"}.isdisjoint(growing.headers)
        await stage.parts(FIRST, range(2, 6))
        assert b"".join([part async for part in came]) == WHOLE.removeprefix(b"".join(
            body(PICTURE, FIRST, place) for place in range(2)
        ))  # fmt: skip
    for answer, status in ((await ranged, 206), (await client.get(URL), 200)):
        assert (answer.status_code, answer.content) == (status, WHOLE)
        assert answer.headers["content-length"] == str(len(WHOLE))


async def test_the_end_of_the_event_is_the_end_of_the_segment(stage: Stage, processes: list[Viewing]) -> None:
    await stage.parts(FIRST, range(2))
    growing = await begin(processes[0])
    async with asyncio.timeout(60):
        await stage.broadcast.finish()
    assert b"".join([part async for part in growing]) == b"".join(body(PICTURE, FIRST, place) for place in range(2))


async def test_what_loses_its_rest_is_cut(
    client: httpx.AsyncClient, stage: Stage, services: Services, processes: list[Viewing],
    eventually: Callable[..., Awaitable[None]],
) -> None:  # fmt: skip
    await stage.parts(FIRST, range(1))
    growing = [await begin(viewing) for viewing in processes]
    assert [await anext(each) for each in growing] == [body(PICTURE, FIRST, 0)] * 2
    follower = await services.followers.of(EVENT.channel)

    late = grow(
        b"first", FIRST, rendition=PICTURE, event=EVENT, follower=follower, bodies=processes[0]._bodies, patience_s=0.01
    )  # fmt: skip
    assert await anext(late) == b"first"
    with pytest.raises(PartLate):
        await anext(late)

    await stage.parts(FIRST, range(1, 2))
    await stage.cache.delete(board.part_key(EVENT.channel, PICTURE, FIRST, 1))
    for each in growing:
        with pytest.raises(PartLate):
            await anext(each)
    with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):
        await client.get(URL)

    sound = await processes[0].media(EVENT.channel, SOUND, NAME, whole=False)
    assert sound.growing is not None
    assert [await anext(sound.growing) for _ in range(2)] == [body(SOUND, FIRST, place) for place in range(2)]
    await stage.cache.publish(board.wake_up(EVENT.channel), board.GONE)
    await eventually(lambda: follower.event is None)
    with pytest.raises(LiveMediaNotFound):
        await anext(sound.growing)


async def test_whoever_takes_it_very_slowly_gets_the_rest_from_the_bucket(
    stage: Stage, processes: list[Viewing], services: Services, eventually: Callable[..., Awaitable[None]]
) -> None:
    await stage.parts(FIRST, range(3))
    growing = await begin(processes[0])
    got = [await anext(growing), await anext(growing)]
    await stage.parts(FIRST, range(3, 6))
    for number in range(FIRST + 1, FIRST + 9):
        await stage.parts(number, range(6))
    async with asyncio.timeout(60):
        await stage.broadcast._uploads.drained()
    follower = await services.followers.of(EVENT.channel)
    await eventually(lambda: not follower.states[PICTURE].segments[0].parts)
    assert b"".join([*got, *[part async for part in growing]]) == WHOLE


async def test_the_mpd_for_low_latency_is_there_with_the_first_part(
    client: httpx.AsyncClient, stage: Stage, processes: list[Viewing]
) -> None:
    assert (await client.get("/live/arena/low-latency.mpd")).json()["code"] == "nothing_live"
    await stage.parts(FIRST, range(1))
    for rendition in EVENT.renditions:
        await client.get(f"/live/arena/{rendition}/{FIRST}.0.m4s")
    answer = await client.get("/live/arena/low-latency.mpd")
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == (
        "application/dash+xml", "public, max-age=1",
    )  # fmt: skip
    assert faults(answer.text) == []
    time = ElementTree.fromstring(answer.text).find("{*}UTCTiming")
    assert time is not None
    clock = await client.get(urljoin("/live/arena/low-latency.mpd", time.get("value")))
    assert (clock.text, clock.headers["cache-control"]) == (date_time.render(date_time.from_ms(stage.now)), "no-store")
