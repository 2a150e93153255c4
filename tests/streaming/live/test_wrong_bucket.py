"""What is live while S3 answers wrongly, over its wire protocol: viewers notice nothing, and nothing held is lost."""

from __future__ import annotations

import asyncio
import logging
import random
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import pytest

from infra.errors import ObjectNotFound
from infra.s3 import S3Store
from manifests import hls, layout
from manifests.hls import MediaPlaylist
from manifests.live.names import PartName
from tests.e2e.soak.faults import FaultKind
from tests.e2e.soak.plan import Fault
from tests.e2e.soak.s3_proxy import S3Proxy
from tests.streaming.live.stage import EVENT, FIRST, PICTURE, SOUND, Stage, body
from tests.streaming.live.test_lost import listed, viewing
from transcoder.live.board import BODY_S, finishing_key
from transcoder.live.diary import read_diary, shown_segments
from transcoder.live.recording.found import Found, stretches
from transcoder.live.resume import read_states

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from infra.redis_cache import RedisCache
    from infra.settings import S3Settings
    from manifests.layout import RenditionId
    from tests.e2e.soak.s3_proxy import Mood

_SILENCE_S: Final = 0.3


def _fault(kind: FaultKind, lasts_s: float = 0.0) -> Mood:
    fault = Fault(kind=kind, after_s=0, victim=0, lasts_s=lasts_s)
    return lambda method: fault if method == "PUT" else None


def _refusal(status: int, code: str) -> Mood:
    return lambda method: (status, code) if method == "PUT" else None


def _at_random() -> Mood:
    chance = random.Random(7)
    return lambda _: (500, "InternalError") if chance.random() < 1 / 3 else None


MOODS: Final = {
    "error": (_refusal(500, "InternalError"), "does not answer as it should"),
    "busy": (_refusal(503, "SlowDown"), "fewer requests"),
    "expired": (_refusal(403, "ExpiredToken"), "credentials"),
    "no bucket": (_refusal(404, "NoSuchBucket"), "does not exist"),
    "a portal's page": (_refusal(200, "PleaseLogIn"), "does not answer as it should"),
    "reset behind the body": (_fault(FaultKind.S3_LOST_ANSWER), ""),
    "answers too late": (_fault(FaultKind.S3_LATE, 2 * _SILENCE_S), ""),
    "one in three": (_at_random(), None),
}
"""And what editors read; "": the store has what it was given, so it is known by another try; None: nothing."""


@asynccontextmanager
async def behind(settings: S3Settings, port: int) -> AsyncIterator[tuple[S3Store, S3Proxy]]:
    """The bucket as a live process has it, through a proxy that can be in a mood."""
    proxy = S3Proxy(urlsplit(str(settings.endpoint_url)).port or 0, bucket=settings.bucket)
    store = S3Store(replace(settings, endpoint_url=f"http://127.0.0.1:{port}"), tries=1, silence_s=_SILENCE_S)
    async with proxy.listening(port):
        try:
            yield store, proxy
        finally:
            await store.aclose()


async def kept(store: S3Store, rendition: RenditionId) -> MediaPlaylist | None:
    """The playlist in the bucket."""
    try:
        text = await store.read(layout.live_playlist(EVENT.channel, rendition))
    except ObjectNotFound:
        return None
    found = hls.parse(text.decode())
    assert isinstance(found, MediaPlaylist)
    return found


async def check_order(store: S3Store) -> None:
    """All that is named is there."""
    for rendition in EVENT.renditions:
        playlist = await kept(store, rendition)
        if playlist is None:
            continue
        assert playlist.map is not None
        names = [playlist.map.uri, *(each.uri for each in playlist.segments if not each.gap)]
        there = {stat.key async for stat in store.list(layout.live_rendition(EVENT.channel, rendition))}
        assert {layout.live_init(EVENT.channel, rendition, name) for name in names} <= there


async def drained(stage: Stage) -> None:
    async with asyncio.timeout(60):
        await stage.broadcast._uploads.drained()


@pytest.mark.parametrize("name", MOODS)
async def test_viewers_notice_nothing_and_all_of_it_comes_in_the_end(
    name: str, cache: RedisCache, store: S3Store, s3_settings: S3Settings, free_port: Callable[[], int],
    eventually: Callable[..., Awaitable[None]], caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    mood, words = MOODS[name]
    async with behind(s3_settings, free_port()) as (wrong, proxy):
        proxy.mood = mood
        stage = Stage(cache, wrong)
        uploads = stage.broadcast._uploads
        stage.begin()
        for number in range(FIRST, FIRST + 3):
            await stage.parts(number, range(6))
            await check_order(store)
        async with viewing(stage) as watching:  # of the end of what was made, while nothing is in the bucket
            assert (await listed(watching, PICTURE)).segments[-1].uri == f"{FIRST + 2}.m4s"
            part = await watching.media(EVENT.channel, PICTURE, PartName(number=FIRST + 2, index=5))
            assert part.body == body(PICTURE, FIRST + 2, 5)
        if words:
            await eventually(lambda: words in uploads.trouble)
            assert uploads.waiting
            await check_order(store)
        elif words is not None:
            await eventually(lambda: bool(proxy.written), timeout=60)
        proxy.mood = lambda _: None
        await drained(stage)
        assert uploads.trouble == ""
        for rendition in (PICTURE, SOUND):
            playlist = await kept(store, rendition)
            assert playlist is not None
            assert [each.uri for each in playlist.segments] == [f"{FIRST + place}.m4s" for place in range(3)]
            whole = b"".join(body(rendition, FIRST, place) for place in range(6))
            assert await store.read(layout.live_segment(EVENT.channel, rendition, FIRST)) == whole
        await check_order(store)
        await stage.broadcast.aclose()
    told = [record for record in caplog.records if record.name == "channel.live" and record.levelno >= logging.WARNING]
    assert len(told) == len({record.__dict__["cause"] for record in told}) <= 2, "the cause, once"


async def test_what_was_given_up_is_a_gap_in_all_that_is_written_of_the_event(
    cache: RedisCache, store: S3Store, s3_settings: S3Settings, free_port: Callable[[], int],
    eventually: Callable[..., Awaitable[None]],
) -> None:  # fmt: skip
    async with behind(s3_settings, free_port()) as (wrong, proxy):
        stage = Stage(cache, wrong)
        uploads = stage.broadcast._uploads
        stage.begin()
        await stage.parts(FIRST, range(6))
        await drained(stage)
        proxy.mood = _refusal(503, "SlowDown")
        uploads._held = 3 * sum(len(body(rendition, FIRST, 0)) * 6 for rendition in EVENT.renditions)
        for number in range(FIRST + 1, FIRST + 9):
            await stage.parts(number, range(6))
            assert sum(len(each.body) for each in uploads._queue) <= uploads._held + 1000
            await eventually(lambda: bool(uploads.trouble))
        finishing = asyncio.create_task(stage.broadcast.finish())

        async def recorder_waits() -> bool:
            return await cache.get(finishing_key(EVENT.channel, EVENT.number)) is not None

        await eventually(recorder_waits)
        proxy.mood = lambda _: None
        async with asyncio.timeout(60):
            await finishing
    lost = set.intersection(*stage.broadcast._lost.values())
    assert lost
    assert stage.broadcast.lost_s >= len(lost) * EVENT.grid.segment_ms / 1000
    await check_order(store)
    assert await shown_segments(store, EVENT) == range(FIRST, FIRST + 9)
    states, found = await read_diary(store, EVENT, now_ms=stage.now), {}
    for rendition in EVENT.renditions:
        playlist = await kept(store, rendition)
        assert playlist is not None
        assert playlist.ended
        gaps = {FIRST + place for place, each in enumerate(playlist.segments) if each.gap}
        assert gaps == stage.broadcast._lost[rendition]
        assert {each.number for each in states[rendition].segments if each.gap} == gaps
        numbers = {FIRST + place for place in range(9)} - gaps
        found[rendition] = Found(sizes=dict.fromkeys(numbers, 1), inits=["init-1.mp4"])
    assert len(stretches(found)) == 2


async def test_what_was_lost_with_the_process_is_a_gap_too(
    cache: RedisCache, store: S3Store, s3_settings: S3Settings, free_port: Callable[[], int],
    eventually: Callable[..., Awaitable[None]],
) -> None:  # fmt: skip
    """S3 takes nothing, the live process is killed, and the next one finds S3 still taking nothing."""
    async with behind(s3_settings, free_port()) as (wrong, proxy):
        stage = Stage(cache, wrong)
        stage.begin()
        await stage.parts(FIRST, range(6))
        await drained(stage)
        down: Mood = lambda _: (503, "SlowDown")  # noqa: E731
        proxy.mood = down
        numbers = range(FIRST + 1, FIRST + 42)
        for number in numbers:
            await stage.parts(number, range(6))
        await stage.broadcast._telling.aclose()
        await stage.broadcast._uploads.aclose()
        before = stage.now - 1000 * BODY_S
        stage.broadcast = stage.opened(states=await read_states(cache, EVENT))
        await stage.broadcast.take_over()
        asked = proxy.requests
        await eventually(lambda: proxy.requests > asked)
        proxy.mood = lambda _: None
        recovering = stage.broadcast._recovering
        assert recovering is not None
        async with asyncio.timeout(60):
            await recovering
        await drained(stage)
    lost = {number for number in numbers if (number + 1) * EVENT.grid.segment_ms < before}
    assert stage.broadcast._lost == dict.fromkeys(EVENT.renditions, lost)
    assert lost
    await check_order(store)
    states = await read_diary(store, EVENT, now_ms=stage.now)
    assert [each.number for each in states[PICTURE].segments if each.gap][: len(lost)] == sorted(lost)
    assert [each.number for each in states[PICTURE].segments][:42] == list(range(FIRST, FIRST + 42))
    await stage.broadcast.aclose()
