"""Watching, over a real Redis and a real bucket; what is watched is put there part by part."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from infra.tasks import end
from manifests import hls, layout
from manifests.hls import MediaPlaylist
from manifests.live.directives import Directives
from streaming.http.auth import Role
from streaming.live.channels.model import ChannelState
from streaming.live.viewing.bodies import Bodies
from streaming.live.viewing.follower import Followers
from streaming.live.viewing.service import Viewing
from tests.mpd_rules import faults
from tests.streaming.live.stage import EVENT, FIRST, PICTURE, PICTURE_SIZE, SOUND, Stage, body
from tests.transcoder.live.test_slate import slate
from transcoder.live import board
from transcoder.live.resume import read_states

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from infra.redis_cache import RedisCache
    from streaming.services import Services

PLAYLIST = f"/live/arena/{PICTURE}/index.m3u8"
IFRAMES = f"/live/arena/{PICTURE}/iframes.m3u8"


pytestmark = pytest.mark.usefixtures("followed")


def playlist(text: str) -> MediaPlaylist:
    found = hls.parse(text)
    assert isinstance(found, MediaPlaylist)
    return found


async def test_all_that_a_playlist_names_is_there(client: httpx.AsyncClient, stage: Stage) -> None:
    stage.begin()
    await stage.parts(FIRST, range(6))
    await stage.parts(FIRST + 1, range(2))
    multivariant = hls.parse((await client.get("/live/arena/index.m3u8")).text)
    assert isinstance(multivariant, hls.MultivariantPlaylist)
    assert {each.uri.partition("/")[0] for each in (*multivariant.variants, *multivariant.renditions)} == set(
        EVENT.renditions
    )
    answer = await client.get(PLAYLIST)
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == (
        "application/vnd.apple.mpegurl", "public, max-age=1",
    )  # fmt: skip
    found = playlist(answer.text)
    assert (found.media_sequence, len(found.segments)) == (FIRST, 1)
    assert found.map is not None
    init = await client.get(f"/live/arena/{PICTURE}/{found.map.uri}")
    assert (init.content, init.headers["content-type"]) == (f"init of {PICTURE}".encode(), "video/mp4")
    segment = await client.get(f"/live/arena/{PICTURE}/{found.segments[0].uri}")
    assert segment.content == b"".join(body(PICTURE, FIRST, place) for place in range(6))
    assert segment.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert found.growing is not None
    for place, each in enumerate(found.growing.parts):
        got = await client.get(f"/live/arena/{PICTURE}/{each.uri}")
        assert (got.content, got.headers["content-type"]) == (body(PICTURE, FIRST + 1, place), "video/iso.segment")
    ranged = await client.get(f"/live/arena/{PICTURE}/{FIRST + 1}.1.m4s", headers={"Range": "bytes=2-4"})
    assert (ranged.status_code, ranged.content) == (206, body(PICTURE, FIRST + 1, 1)[2:5])


async def test_the_same_segments_are_in_an_mpd(client: httpx.AsyncClient, stage: Stage) -> None:
    stage.begin()
    await stage.parts(FIRST, range(5))
    await client.get(PLAYLIST, params={"_HLS_msn": FIRST, "_HLS_part": 4})
    assert (await client.get("/live/arena/manifest.mpd")).json()["code"] == "nothing_live"
    await stage.parts(FIRST, range(5, 6))
    await stage.parts(FIRST + 1, range(2))
    await client.get(PLAYLIST, params={"_HLS_msn": FIRST + 1, "_HLS_part": 1})
    answer = await client.get("/live/arena/manifest.mpd")
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == (
        "application/dash+xml", "public, max-age=1",
    )  # fmt: skip
    assert faults(answer.text) == []
    assert f'startNumber="{FIRST}"' in answer.text
    for rendition in EVENT.renditions:
        assert (await client.get(f"/live/arena/{rendition}/{FIRST}.m4s")).status_code == 200


async def test_key_pictures_are_ranges_of_the_segments(
    client: httpx.AsyncClient, stage: Stage, cache: RedisCache
) -> None:
    stage.begin()
    for number in (FIRST, FIRST + 1):
        await stage.parts(number, range(6))
    await stage.parts(FIRST + 2, range(2))
    await client.get(PLAYLIST, params={"_HLS_msn": FIRST + 2, "_HLS_part": 1})
    multivariant = hls.parse((await client.get("/live/arena/index.m3u8")).text)
    assert isinstance(multivariant, hls.MultivariantPlaylist)
    assert [each.uri for each in multivariant.iframe_variants] == [f"{rung.id}/iframes.m3u8" for rung in EVENT.rungs]
    waiting = asyncio.create_task(client.get(IFRAMES, params={"_HLS_msn": FIRST + 2}))
    answer = await client.get(IFRAMES)
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == (
        "application/vnd.apple.mpegurl", "public, max-age=1",
    )  # fmt: skip
    found = playlist(answer.text)
    assert (found.iframes_only, found.media_sequence) == (True, FIRST)
    assert found.map is not None
    reported = {each.uri: (each.last_msn, each.last_part) for each in found.rendition_reports}
    low = EVENT.rungs[0].id
    assert reported == {
        "index.m3u8": (FIRST + 2, 1), f"../{low}/index.m3u8": (FIRST + 2, 1),
        f"../{SOUND}/index.m3u8": (FIRST + 2, 1), f"../{low}/iframes.m3u8": (FIRST + 1, None),
    }  # fmt: skip
    whole = playlist((await client.get(PLAYLIST)).text)
    assert "iframes.m3u8" in {each.uri for each in whole.rendition_reports}
    # Of the first one nothing is kept but in the bucket.
    async with asyncio.timeout(60):
        await stage.broadcast._uploads.drained()
    for place in range(6):
        await cache.delete(board.part_key(EVENT.channel, PICTURE, FIRST, place))
    for listed in found.segments:
        assert listed.byte_range is not None
        assert (listed.byte_range.start, listed.byte_range.length) == (0, PICTURE_SIZE)
        url, wanted = f"/live/arena/{PICTURE}/{listed.uri}", {"Range": f"bytes=0-{PICTURE_SIZE - 1}"}
        segment, picture = await client.get(url), await client.get(url, headers=wanted)
        assert (picture.status_code, picture.content) == (206, segment.content[:PICTURE_SIZE])
        assert picture.headers["content-range"] == f"bytes 0-{PICTURE_SIZE - 1}/{len(segment.content)}"
        assert picture.headers["cache-control"] == segment.headers["cache-control"]
        assert (await client.get(url, headers={"Range": "bytes=9999-"})).status_code == 416
        other = await client.get(url, headers={**wanted, "If-Range": '"another"'})
        assert (other.status_code, other.content) == (200, segment.content)

    assert not waiting.done()
    await stage.parts(FIRST + 2, range(2, 6))
    assert len(playlist((await waiting).text).segments) == 3
    refused = await client.get(IFRAMES, params={"_HLS_msn": FIRST + 3, "_HLS_part": 0})
    assert (refused.status_code, refused.json()["code"]) == (400, "wrong_directives")
    for rendition, code in ((SOUND, "no_iframes"), ("v1-1", "live_rendition_not_found")):
        missing = await client.get(f"/live/arena/{rendition}/iframes.m3u8")
        assert (missing.status_code, missing.json()["code"]) == (404, code)


async def test_a_request_for_what_comes_waits_for_it(client: httpx.AsyncClient, stage: Stage) -> None:
    stage.begin()
    await stage.parts(FIRST, range(6))
    await stage.parts(FIRST + 1, range(2))
    await client.get(PLAYLIST)
    blocked = asyncio.create_task(client.get(PLAYLIST, params={"_HLS_msn": FIRST + 1, "_HLS_part": 2}))
    hinted = asyncio.create_task(client.get(f"/live/arena/{PICTURE}/{FIRST + 1}.2.m4s"))
    whole = asyncio.create_task(client.get(f"/live/arena/{SOUND}/index.m3u8", params={"_HLS_msn": FIRST + 1}))
    await asyncio.wait([blocked, hinted, whole], timeout=0.1)
    assert not any(task.done() for task in (blocked, hinted, whole))
    await stage.parts(FIRST + 1, range(2, 3))
    found = playlist((await blocked).text)
    assert found.growing is not None
    assert len(found.growing.parts) == 3
    assert (await hinted).content == body(PICTURE, FIRST + 1, 2)
    assert not whole.done()
    await stage.parts(FIRST + 1, range(3, 6))
    assert len(playlist((await whole).text).segments) == 2


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/live/nobody/index.m3u8", 404, "channel_not_found"),
        (f"{PLAYLIST}?_HLS_part=1", 400, "wrong_directives"),
        (f"{PLAYLIST}?_HLS_msn={FIRST + 9}", 400, "wrong_directives"),
        (f"{PLAYLIST}?_HLS_msn=x", 400, "wrong_directives"),
        ("/live/arena/v1-1/index.m3u8", 404, "live_rendition_not_found"),
        (f"/live/arena/{PICTURE}/{FIRST + 2}.4.m4s", 404, "live_media_not_found"),
        (f"/live/arena/{PICTURE}/{FIRST - 1}.m4s", 404, "live_media_not_found"),
        (f"/live/arena/{PICTURE}/0{FIRST}.m4s", 404, "live_media_not_found"),
        (f"/live/arena/{PICTURE}/init-0.mp4", 404, "live_media_not_found"),
    ],
)
async def test_what_cannot_be_is_refused(
    client: httpx.AsyncClient, stage: Stage, path: str, status: int, code: str
) -> None:
    stage.begin()
    await stage.parts(FIRST, range(2))
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("name", [f"{FIRST - 1}.m4s", "7.m4s", f"{FIRST - 1}.0.m4s"])
async def test_what_never_was_is_not_on_its_way(client: httpx.AsyncClient, stage: Stage, name: str) -> None:
    stage.begin()
    await stage.parts(FIRST, range(6))
    await client.get(PLAYLIST)
    answer = await client.get(f"/live/arena/{PICTURE}/{name}")
    assert (answer.status_code, answer.json()["code"]) == (404, "live_media_not_found")


async def test_before_the_first_part_there_is_nothing(
    client: httpx.AsyncClient, stage: Stage, services: Services
) -> None:
    assert (await client.get("/live/arena/index.m3u8")).json()["code"] == "nothing_live"
    stage.begin()
    await stage.parts(FIRST, range(1))
    async with asyncio.timeout(60):
        follower = await services.followers.of(EVENT.channel)
        while len(follower.states) < len(EVENT.renditions):
            await follower.changed(SOUND, within_s=20)
    assert (await client.get("/live/arena/index.m3u8")).status_code == 200


async def test_delta_updates_leave_out_what_is_old(client: httpx.AsyncClient, stage: Stage) -> None:
    stage.begin()
    for number in range(FIRST, FIRST + 20):
        await stage.parts(number, range(6))
    full = playlist((await client.get(PLAYLIST)).text)
    assert len(full.segments) == 20
    delta = playlist((await client.get(PLAYLIST, params={"_HLS_skip": "YES"})).text)
    assert delta.skip is not None
    assert delta.skip.segments + len(delta.segments) == 20
    assert delta.segments == full.segments[delta.skip.segments :]


async def test_a_process_that_comes_late_knows_the_same(
    client: httpx.AsyncClient, stage: Stage, services: Services, cache: RedisCache
) -> None:
    stage.begin()
    await stage.parts(FIRST, range(6))
    early = await services.followers.of(EVENT.channel)
    for number in range(FIRST + 1, FIRST + 30):
        await stage.parts(number, range(6))
    await client.get(PLAYLIST, params={"_HLS_msn": FIRST + 29})
    late = await read_states(cache, EVENT)
    numbers = [segment.number for segment in late[PICTURE].segments]
    assert numbers == [segment.number for segment in early.states[PICTURE].segments]
    assert numbers == list(range(FIRST, FIRST + 30))


async def test_whoever_missed_something_reads_it_again(
    client: httpx.AsyncClient, stage: Stage, services: Services, cache: RedisCache
) -> None:
    stage.begin()
    await stage.parts(FIRST, range(6))
    follower = await services.followers.of(EVENT.channel)
    known = dict(follower.states)
    for number in range(FIRST + 1, FIRST + 15):
        await stage.parts(number, range(6))
    await client.get(PLAYLIST, params={"_HLS_msn": FIRST + 14})
    follower.states.update(known)  # as if all messages since had been lost
    await stage.parts(FIRST + 15, range(6))
    found = playlist((await client.get(PLAYLIST, params={"_HLS_msn": FIRST + 15})).text)
    assert (found.media_sequence, len(found.segments)) == (FIRST, 16)
    # Parts that were listed before are there, though what was read does not say where they lie.
    assert follower.states[PICTURE].segments[2].parts == ()
    part = await client.get(f"/live/arena/{PICTURE}/{FIRST + 2}.3.m4s")
    assert (part.status_code, part.content) == (200, body(PICTURE, FIRST + 2, 3))
    assert (await client.get(f"/live/arena/{PICTURE}/{FIRST + 2}.6.m4s")).status_code == 404


async def test_an_old_segment_comes_from_the_bucket(client: httpx.AsyncClient, stage: Stage, cache: RedisCache) -> None:
    stage.begin()
    for number in (FIRST, FIRST + 1):
        await stage.parts(number, range(6))
    async with asyncio.timeout(60):
        await stage.broadcast._uploads.drained()
    for place in range(6):
        await cache.delete(board.part_key(EVENT.channel, PICTURE, FIRST, place))
    whole = b"".join(body(PICTURE, FIRST, place) for place in range(6))
    assert (await client.get(f"/live/arena/{PICTURE}/{FIRST}.m4s")).content == whole
    assert (await client.get(f"/live/arena/{PICTURE}/{FIRST}.3.m4s")).content == body(PICTURE, FIRST, 3)
    kept = playlist((await stage.store.read(layout.live_playlist(EVENT.channel, PICTURE))).decode())
    assert [each.uri for each in kept.segments] == [f"{FIRST}.m4s", f"{FIRST + 1}.m4s"]


async def test_what_is_not_public_is_there_for_editors(
    client: httpx.AsyncClient, stage: Stage, services: Services,
    bearer: Callable[[Role], Awaitable[dict[str, str]]],
) -> None:  # fmt: skip
    await services.channels.change(EVENT.channel, public=False)
    stage.begin()
    await stage.parts(FIRST, range(6))
    assert (await client.get(PLAYLIST)).json()["code"] == "channel_not_found"
    seen = await client.get(PLAYLIST, headers=await bearer(Role.EDITOR))
    assert (seen.status_code, seen.headers["cache-control"]) == (200, "private, no-store")


async def test_an_event_that_has_ended_says_so(client: httpx.AsyncClient, stage: Stage) -> None:
    stage.begin()
    await stage.parts(FIRST, range(4))
    waiting = asyncio.create_task(client.get(PLAYLIST, params={"_HLS_msn": FIRST, "_HLS_part": 5}))
    await asyncio.wait([waiting], timeout=0.1)
    async with asyncio.timeout(60):
        await stage.broadcast.finish()
    assert playlist((await waiting).text).ended
    kept = playlist((await stage.store.read(layout.live_playlist(EVENT.channel, SOUND))).decode())
    assert (kept.ended, len(kept.segments)) == (True, 1)


async def test_what_a_killed_packager_left_is_brought_into_the_bucket(client: httpx.AsyncClient, stage: Stage) -> None:
    stage.begin()
    await stage.parts(FIRST, range(6))
    await stage.parts(FIRST + 1, range(4))
    async with asyncio.timeout(60):
        await stage.broadcast._uploads.drained()
    await stage.broadcast._telling.aclose()  # as if it had been killed
    await stage.broadcast._uploads.aclose()
    await stage.store.delete([layout.live_segment(EVENT.channel, PICTURE, FIRST)])  # it had no time for this one

    stage.broadcast = stage.opened(states=await read_states(stage.cache, EVENT))
    await stage.broadcast.take_over()
    stage.publish(FIRST + 2)
    stage.now = (FIRST + 2) * EVENT.grid.segment_ms
    stage.broadcast.on_air.tick(frozenset())
    await stage.parts(FIRST + 2, range(2))
    async with asyncio.timeout(60):
        await stage.broadcast._uploads.drained()
    shown = b"".join(body(PICTURE, FIRST + 1, place) for place in range(4))
    shown += b"".join(slate().part(EVENT, PICTURE, (FIRST + 1, place)).body for place in range(4, 6))
    whole = b"".join(body(PICTURE, FIRST, place) for place in range(6))
    for number, expected in ((FIRST, whole), (FIRST + 1, shown)):
        assert await stage.store.read(layout.live_segment(EVENT.channel, PICTURE, number)) == expected
    found = playlist((await client.get(PLAYLIST)).text)
    assert [each.discontinuity for each in found.segments] == [False, False]
    assert found.growing is not None
    assert (found.growing.discontinuity, len(found.growing.parts)) == (True, 2)


async def test_an_emptied_redis_is_told_all_again(
    client: httpx.AsyncClient, stage: Stage, services: Services, cache: RedisCache,
    eventually: Callable[..., Awaitable[None]],
) -> None:  # fmt: skip
    await services.channels.start(EVENT.channel)
    await services.channels.step(EVENT.channel, 1, ChannelState.LIVE)
    stage.begin()
    for number in range(FIRST, FIRST + 20):
        await stage.parts(number, range(6))
    await stage.parts(FIRST + 20, range(2))
    before = playlist((await client.get(PLAYLIST, params={"_HLS_msn": FIRST + 20, "_HLS_part": 1})).text)
    await cache.script("return redis.call('FLUSHALL')", [], [])
    # Who knew something knows it still, and who did not says so, in place of that there were nothing.
    assert playlist((await client.get(PLAYLIST)).text) == before
    late = Viewing(Followers(cache), Bodies(cache=cache, store=stage.store), clock=lambda: stage.now)
    assert (await late._followers.of(EVENT.channel)).event is None
    lost = await client.get(f"/live/arena/{PICTURE}/{FIRST + 20}.1.m4s")
    assert (lost.status_code, lost.json()["code"]) == (503, "part_late")

    await stage.parts(FIRST + 20, range(2, 3))
    follower = await late._followers.of(EVENT.channel)
    await eventually(lambda: follower.event is not None)
    for viewing in (late, services.viewing):
        for rendition in EVENT.renditions:
            answer = await viewing.playlist(EVENT.channel, rendition, Directives(msn=FIRST + 20, part=2))
            assert answer.playlist is not None
            found = playlist(answer.playlist.plain.body.decode())
            assert (found.media_sequence, len(found.segments)) == (FIRST, 20)
            assert found.growing is not None
            assert len(found.growing.parts) == 3
    for index in range(3):
        part = await client.get(f"/live/arena/{PICTURE}/{FIRST + 20}.{index}.m4s")
        assert part.content == body(PICTURE, FIRST + 20, index)
    numbers = [segment.number for segment in (await read_states(cache, EVENT))[SOUND].segments]
    assert numbers == list(range(FIRST, FIRST + 20))
    await end(*(follower.task for follower in late._followers._followers.values()))


async def test_what_is_read_again_is_never_older_than_what_is_known(
    client: httpx.AsyncClient, stage: Stage, services: Services, cache: RedisCache
) -> None:
    stage.begin()
    await stage.parts(FIRST, range(6))
    await stage.parts(FIRST + 1, range(2))
    older = await cache.get(board.tail_key(EVENT.channel, PICTURE))
    await stage.parts(FIRST + 1, range(2, 5))
    await client.get(PLAYLIST, params={"_HLS_msn": FIRST + 1, "_HLS_part": 4})
    assert older is not None
    follower = await services.followers.of(EVENT.channel)
    known = follower.states[PICTURE]
    # As a Redis that died before it had synced, and as a message that was on its way while the state was read.
    await cache.put(board.tail_key(EVENT.channel, PICTURE), older, ttl=timedelta(minutes=1))
    await cache.publish(board.wake_up(EVENT.channel), PICTURE.encode() + b"\n" + older)
    await cache.publish(board.wake_up(EVENT.channel), b"event\n")
    await follower.changed(SOUND, within_s=0.5)
    assert follower.states[PICTURE] == known
