"""Events that are over, after Redis was emptied: every API process finds them again by itself."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from infra.errors import ObjectStoreError
from infra.tasks import end
from manifests import layout
from manifests.layout import ChannelId
from streaming.http.auth import Role
from streaming.live.channels.errors import ChannelNotFound
from streaming.live.channels.model import ChannelState
from streaming.live.viewing.archive import Archive
from tests.streaming.live.stage import EVENT, FIRST, PICTURE, SOUND, Stage, body

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    import httpx

    from infra.redis_cache import RedisCache
    from infra.s3 import S3Store
    from streaming.services import Services

COUNT = 30
"""Segments: on two pages of the diary."""
URLS = tuple(f"/live/arena/{name}" for name in ("index.m3u8", "manifest.mpd", f"{PICTURE}/index.m3u8", "timeline.json"))


class Asked:
    """A bucket that counts what is read of it, by key."""

    def __init__(self, store: S3Store) -> None:
        self._store = store
        self.reads: Counter[str] = Counter()
        self.away = False

    async def read(self, key: str) -> bytes:
        self.reads[key] += 1
        if self.away:
            raise ObjectStoreError
        return await self._store.read(key)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@pytest.fixture
async def bucket(services: Services, store: S3Store) -> Asked:
    """What the API process reads events that are over from."""
    asked = Asked(store)
    services.followers._archive = Archive(services.doors, services.timelines, asked)  # type: ignore[arg-type]
    return asked


def without_parts(text: str) -> list[str]:
    """They have left, but for the last ones."""
    return [line for line in text.splitlines() if not line.startswith("#EXT-X-PART:")]


async def forgotten(services: Services, cache: RedisCache) -> None:
    """Redis is emptied, and the API process is another one."""
    await end(*(follower.task for follower in services.followers._followers.values()))
    services.followers._followers.clear()
    await cache.script("return redis.call('FLUSHALL')", [], [])


@asynccontextmanager
async def watched(services: Services) -> AsyncIterator[None]:
    following = asyncio.create_task(services.followers.run())
    yield
    await end(following)


async def test_an_event_that_is_over_is_found_again(
    services: Services, client: httpx.AsyncClient, cache: RedisCache, store: S3Store, bucket: Asked,
    bearer: Callable[[Role], Awaitable[dict[str, str]]], eventually: Callable[..., Awaitable[None]],
) -> None:  # fmt: skip
    await services.channels.create(title="Arena", channel_id="arena", created_by="me")
    await services.channels.start(EVENT.channel)
    await services.channels.step(EVENT.channel, 1, ChannelState.LIVE)
    stage = Stage(cache, store)
    services.viewing._clock = lambda: stage.now
    stage.begin()
    for number in range(FIRST, FIRST + COUNT):
        await stage.parts(number, range(6))
    mark = {"kind": "marker", "id": "goal", "title": "1:0", "at": datetime.now(UTC).isoformat()}
    made = await client.post("/api/channels/arena/timeline", json=mark, headers=await bearer(Role.EDITOR))
    assert made.status_code == 201
    await services.channels.stop(EVENT.channel)
    async with asyncio.timeout(60):
        await stage.broadcast.finish()
    async with watched(services):
        before = [(await client.get(url)).text for url in URLS]
        assert "#EXT-X-ENDLIST" in before[2]
        assert "goal" in before[2]
        assert not bucket.reads, "Redis has it"

        await forgotten(services, cache)
        answers = await asyncio.gather(*(client.get(url) for url in URLS * 4))
        assert {answer.status_code for answer in answers} == {200}
        assert [without_parts(answer.text) for answer in answers[: len(URLS)]] == list(map(without_parts, before))
        assert set(bucket.reads.values()) == {1}, "once for all who ask"
        assert len(bucket.reads) == 1 + 2, "the event, and pages"
        segment = await client.get(f"/live/arena/{SOUND}/{FIRST + 3}.m4s")
        assert segment.content == b"".join(body(SOUND, FIRST + 3, place) for place in range(6))
        asked = sum(bucket.reads.values())
        assert (await client.get(URLS[2])).status_code == 200
        assert sum(bucket.reads.values()) == asked

        # Another event begins: the same process shows it.
        await services.channels.start(EVENT.channel)
        await services.channels.step(EVENT.channel, 2, ChannelState.LIVE)
        stage.broadcast = stage.opened(event=replace(EVENT, number=2))
        stage.begin(FIRST + 100)
        await stage.parts(FIRST + 100, range(6))

        async def shows_it() -> bool:
            text = (await client.get(URLS[2])).text
            return f"{FIRST + 100}.0.m4s" in text and "ENDLIST" not in text

        await eventually(shows_it)
        await stage.broadcast.aclose()


async def test_what_is_not_there_costs_the_bucket_nothing(
    services: Services, client: httpx.AsyncClient, bucket: Asked
) -> None:
    async with watched(services):
        for name in ("idle", "runs", "over"):
            await services.channels.create(title=name, channel_id=name, created_by="me")
        for name in ("runs", "over"):
            await services.channels.start(ChannelId(name))
        for name in (*(f"unknown-{number}" for number in range(20)), "..", "idle", "runs"):
            for _ in range(2):
                answer = await client.get(f"/live/{name}/index.m3u8")
                assert answer.status_code == 404
        assert not bucket.reads
        await services.channels.stop(ChannelId("over"))
        for _ in range(10):
            assert (await services.followers._archive.last_event(ChannelId("over"))) is None  # type: ignore[union-attr]
        assert bucket.reads == {layout.live_event(ChannelId("over"), 1): 1}
        with pytest.raises(ChannelNotFound):
            await services.followers._archive.last_event(ChannelId("unknown"))  # type: ignore[union-attr]


async def test_a_bucket_that_is_away_is_not_an_event_that_is_gone(
    services: Services, client: httpx.AsyncClient, bucket: Asked
) -> None:
    async with watched(services):
        await services.channels.create(title="Arena", channel_id="arena", created_by="me")
        await services.channels.start(EVENT.channel)
        await services.channels.stop(EVENT.channel)
        bucket.away = True
        assert (await client.get(URLS[0])).status_code == 503
        bucket.away = False
        assert (await client.get(URLS[0])).json()["code"] == "nothing_live"
