"""Marks by HTTP, and where they stand in the playlists of two API processes."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import pytest

from infra.tasks import end
from manifests import hls
from manifests.hls import MediaPlaylist, date_time
from manifests.live.directives import Directives
from streaming.http.auth import Role
from streaming.live.viewing.follower import Followers
from streaming.live.viewing.service import Viewing
from streaming.services import Infrastructure, Services, assemble
from tests.e2e.live import listed as standing
from tests.streaming.live.stage import EVENT, FIRST, SOUND, Stage
from tests.streaming.watch import Watch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    import httpx
    from sqlalchemy.ext.asyncio import AsyncEngine

    from infra.memory.jobs import MemoryEngine
    from infra.redis_cache import RedisCache
    from infra.s3 import S3Store
    from manifests.layout import RenditionId
    from streaming.settings import ServiceSettings

TIMELINE = "/api/channels/arena/timeline"
PLAYLIST = "/live/arena/{}/index.m3u8"


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'test.db'}"


@pytest.fixture
def clock() -> Watch:
    watch = Watch()
    watch.now = date_time.from_ms(FIRST * EVENT.grid.segment_ms) + timedelta(microseconds=123)
    return watch


@pytest.fixture
def services(
    settings: ServiceSettings, store: S3Store, cache: RedisCache, jobs: MemoryEngine, tables: AsyncEngine, clock: Watch
) -> Services:
    infra = Infrastructure(store=store, multipart=store, cache=cache, jobs=jobs, sql=tables)
    return assemble(settings, infra, clock=clock)


@pytest.fixture
async def stage(services: Services, cache: RedisCache, store: S3Store) -> AsyncIterator[Stage]:
    await services.channels.create(title="Arena", channel_id="arena", created_by="me")
    await services.channels.start(EVENT.channel)
    stage = Stage(cache, store)
    services.viewing._clock = lambda: stage.now
    following = asyncio.create_task(services.followers.run())
    yield stage
    await end(following)
    await stage.broadcast.aclose()


@pytest.fixture
async def editor(bearer: Callable[[Role], Awaitable[dict[str, str]]]) -> dict[str, str]:
    return await bearer(Role.EDITOR)


def order(text: str) -> list[str]:
    """What stands in a playlist, from the front: segments and parts by their URI, date ranges by their ID."""
    found = hls.parse(text)
    assert isinstance(found, MediaPlaylist)
    return standing(found)


async def test_a_mark_stands_with_the_next_part_in_all_renditions_of_all_processes(
    client: httpx.AsyncClient, stage: Stage, services: Services, cache: RedisCache, editor: dict[str, str]
) -> None:
    stage.begin()
    await stage.parts(FIRST, range(6))
    await stage.parts(FIRST + 1, range(2))
    other = Followers(cache)
    elsewhere = Viewing(other, services.viewing._bodies, clock=lambda: stage.now)

    async def both(rendition: RenditionId, msn: int, part: int) -> list[str]:
        query = {"_HLS_msn": msn, "_HLS_part": part}
        ours, theirs = await asyncio.gather(
            client.get(PLAYLIST.format(rendition), params=query),
            elsewhere.playlist(EVENT.channel, rendition, Directives(msn=msn, part=part)),
        )
        assert theirs.playlist is not None
        listed = order(ours.text)
        assert order(theirs.playlist.plain.body.decode()) == listed
        return listed

    for rendition in EVENT.renditions:
        await both(rendition, FIRST + 1, 1)
    waiting = [asyncio.create_task(both(rendition, FIRST + 1, 2)) for rendition in EVENT.renditions]
    await asyncio.wait(waiting, timeout=0.1)
    made = await client.post(TIMELINE, json={"kind": "sport", "id": "goal", "title": "1:0"}, headers=editor)
    assert made.status_code == 201
    assert not any(task.done() for task in waiting)
    await stage.parts(FIRST + 1, range(2, 3))
    for task in waiting:
        assert (await task)[-3:] == [f"{FIRST + 1}.1.m4s", "goal", f"{FIRST + 1}.2.m4s"]
    # At the end of a segment.
    await stage.parts(FIRST + 1, range(3, 6))
    await client.post(TIMELINE, json={"kind": "sport", "id": "half-time"}, headers=editor)
    await stage.parts(FIRST + 2, range(1))
    for rendition in EVENT.renditions:
        listed = await both(rendition, FIRST + 2, 0)
        assert listed[-3:] == [f"{FIRST + 1}.m4s", "half-time", f"{FIRST + 2}.0.m4s"]
        assert listed.index("goal") == listed.index(f"{FIRST + 1}.2.m4s") - 1
    await end(*(follower.task for follower in other._followers.values()))


async def test_a_player_that_read_a_moment_before_sees_lines_at_the_end_alone(
    client: httpx.AsyncClient, stage: Stage, editor: dict[str, str]
) -> None:
    stage.begin()
    await stage.parts(FIRST, range(6))
    told: dict[RenditionId, list[str]] = {}
    for place in range(6):
        # One rendition is ahead by a part, and by whatever its encoder likes.
        ahead = EVENT.renditions[place % len(EVENT.renditions)]
        await stage.parts(FIRST + 1, range(place, place + 1), renditions=[ahead])
        await client.post(TIMELINE, json={"kind": "marker", "id": f"m{place}"}, headers=editor)
        rest = [each for each in EVENT.renditions if each != ahead]
        for late in rest:
            await stage.parts(FIRST + 1, range(place, place + 1), renditions=[late])
            for rendition in EVENT.renditions:
                listed = order((await client.get(PLAYLIST.format(rendition))).text)
                assert listed[: len(told.get(rendition, []))] == told.get(rendition, [])
                told[rendition] = listed
    places = {}
    for rendition in EVENT.renditions:
        listed = order((await client.get(PLAYLIST.format(rendition), params={"_HLS_msn": FIRST + 1})).text)
        assert listed[: len(told[rendition])] == told[rendition]
        places[rendition] = [each for each in listed if "." not in each]
    assert places == {each: [f"m{place}" for place in range(6)] for each in EVENT.renditions}


async def test_a_mark_from_its_making_to_its_end(
    client: httpx.AsyncClient, stage: Stage, editor: dict[str, str], clock: Watch
) -> None:
    stage.begin()
    await stage.parts(FIRST, range(6))
    body = {
        "kind": "ad", "id": "break-1", "planned_duration_s": 30, "attributes": {"X-SPONSOR": "Acme", "X-PRICE": 1.5},
    }  # fmt: skip
    made = await client.post(TIMELINE, json=body, headers=editor)
    assert (made.status_code, made.headers["location"]) == (201, f"{TIMELINE}/break-1")
    shown = made.json()
    assert (shown["duration_s"], shown["planned_duration_s"], shown["source"]) == (None, 30.0, "editor")
    again = await client.post(TIMELINE, json=body, headers=editor)
    assert (again.status_code, again.json()) == (200, shown)
    refused = await client.post(TIMELINE, json={**body, "title": "else"}, headers=editor)
    assert (refused.status_code, refused.json()["code"]) == (409, "mark_exists")
    clock.now += timedelta(seconds=29)
    ended = await client.patch(f"{TIMELINE}/break-1", json={"ended": True}, headers=editor)
    assert ended.json()["duration_s"] == 29.0
    refused = await client.patch(f"{TIMELINE}/break-1", json={"duration_s": 5}, headers=editor)
    assert (refused.status_code, refused.json()["code"]) == (409, "mark_contradicted")
    assert (await client.patch(f"{TIMELINE}/no", json={}, headers=editor)).json()["code"] == "mark_not_found"
    assert (await client.get(TIMELINE, headers=editor)).json() == {"event": 1, "marks": [ended.json()]}
    assert (await client.get(TIMELINE, params={"event": 7}, headers=editor)).json()["marks"] == []

    public = await client.get("/live/arena/timeline.json")
    (mark,) = public.json()["marks"]
    assert mark == {name: ended.json()[name] for name in mark}
    assert mark["attributes"] == {"X-PRICE": 1.5, "X-SPONSOR": "Acme"}
    assert public.headers["cache-control"] == "public, max-age=1"
    same = await client.get("/live/arena/timeline.json", headers={"If-None-Match": public.headers["etag"]})
    assert same.status_code == 304
    text = (await client.get(PLAYLIST.format(SOUND))).text
    assert 'CLASS="internal.channel.ad",START-DATE="' in text
    assert 'PLANNED-DURATION=30,X-PRICE=1.5,X-SPONSOR="Acme"' in text


async def test_marks_of_the_next_event_are_not_in_what_is_left_of_the_last(
    client: httpx.AsyncClient, stage: Stage, services: Services, editor: dict[str, str]
) -> None:
    stage.begin()
    await stage.parts(FIRST, range(6))
    await stage.broadcast.finish()
    await services.channels.stop(EVENT.channel)
    before = (await client.get(PLAYLIST.format(SOUND), params={"_HLS_msn": FIRST})).text
    assert (await services.channels.start(EVENT.channel)).event == 2
    assert (await client.post(TIMELINE, json={"kind": "marker", "id": "second"}, headers=editor)).status_code == 201
    async with services.infra.cache.subscribe("channel:live:arena") as messages:  # all that was said before is heard
        await services.infra.cache.publish("channel:live:arena", b"")
        await anext(messages)
    assert (await client.get(PLAYLIST.format(SOUND))).text == before
    assert [mark["id"] for mark in (await client.get("/live/arena/timeline.json")).json()["marks"]] == []
    assert [mark["id"] for mark in (await client.get(TIMELINE, headers=editor)).json()["marks"]] == ["second"]


BAD: Final[list[tuple[dict[str, object], str]]] = [
    ({"kind": "song"}, "/kind"),
    ({"kind": "marker", "id": "a b"}, "/id"),
    ({"kind": "marker", "title": "x" * 201}, "/title"),
    ({"kind": "marker", "duration_s": -1}, "/duration_s"),
    ({"kind": "ad", "planned_duration_s": 10**7}, "/planned_duration_s"),
    ({"kind": "marker", "at": "2026-11-22T08:00:00"}, "/at"),
    ({"kind": "marker", "at": "2020-01-01T08:00:00Z"}, "/at"),
    ({"kind": "marker", "at": "2040-01-01T08:00:00Z"}, "/at"),
    ({"kind": "marker", "attributes": {"TEAM": "x"}}, "/attributes/TEAM"),
    ({"kind": "marker", "attributes": {"X-A/B": "x"}}, "/attributes/X-A~1B"),
    ({"kind": "marker", "attributes": {f"X-{number}": 1 for number in range(33)}}, "/attributes"),
]


async def test_bad_marks_are_refused(client: httpx.AsyncClient, stage: Stage, editor: dict[str, str]) -> None:
    for body, pointer in BAD:
        refused = await client.post(TIMELINE, json=body, headers=editor)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer), body


async def test_marks_are_for_editors_of_what_runs(
    client: httpx.AsyncClient, stage: Stage, services: Services, editor: dict[str, str],
    bearer: Callable[[Role], Awaitable[dict[str, str]]],
) -> None:  # fmt: skip
    mark = {"kind": "marker"}
    assert (await client.post(TIMELINE, json=mark)).status_code == 401
    assert (await client.post(TIMELINE, json=mark, headers=await bearer(Role.VIEWER_SERVICE))).status_code == 403
    both = await client.patch(f"{TIMELINE}/x", json={"ended": True, "duration_s": 1}, headers=editor)
    assert both.json()["errors"][0]["pointer"] == "/ended"
    assert (await client.get("/live/arena/timeline.json")).json()["code"] == "nothing_live"
    await services.channels.stop(EVENT.channel)
    assert (await client.post(TIMELINE, json=mark, headers=editor)).json()["code"] == "no_event_runs"
