"""The event before: which of its renditions are there, and that they are."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from manifests import hls
from manifests.hls import MediaPlaylist
from manifests.layout import RenditionId
from streaming.live.viewing.before import is_left
from tests.manifests.live.paces import begun, later
from tests.streaming.live.stage import FIRST, PICTURE, Stage, body
from tests.transcoder.live import feeds

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from streaming.services import Services

EVENT = feeds.event(number=3)
BEGAN = 40 * EVENT.grid.segment_ms
WINDOW = 300_000


@pytest.mark.parametrize(
    ("rendition", "now_ms", "left"),
    [
        ("v180-2", BEGAN, True),
        ("a128-2", BEGAN + WINDOW - 1, True),
        ("a128-2", BEGAN + WINDOW, False),
        ("v180-3", BEGAN, False),
        ("v180-1", BEGAN, False),
        ("v180", BEGAN, False),
        ("..-2", BEGAN, False),
    ],
)
def test_the_event_before_is_there_for_a_window_longer(rendition: str, now_ms: int, left: bool) -> None:
    states = [later(begun(window_s=WINDOW // 1000), 6), later(begun(window_s=WINDOW // 1000, number=41), 1)]
    assert is_left(EVENT, states, RenditionId(rendition), now_ms=now_ms) is left


def test_before_the_first_part_no_time_has_gone_by() -> None:
    assert is_left(EVENT, [], RenditionId("v180-2"), now_ms=BEGAN + WINDOW)


def test_of_a_window_that_has_no_end_all_stays() -> None:
    assert is_left(EVENT, [later(begun(), 1)], RenditionId("v180-2"), now_ms=BEGAN + 100 * WINDOW)


@pytest.mark.usefixtures("followed")
async def test_players_that_are_in_the_event_before_go_on(
    client: httpx.AsyncClient, stage: Stage, services: Services, eventually: Callable[..., Awaitable[None]]
) -> None:
    """RFC 8216bis §6.2.1: the playlist is gone, its segments are not."""
    stage.begin()
    await stage.parts(FIRST, range(6))
    before = hls.parse((await client.get(f"/live/arena/{PICTURE}/index.m3u8")).text)
    assert isinstance(before, MediaPlaylist)
    async with asyncio.timeout(20):
        await stage.broadcast.finish()
    assert before.map is not None
    stage.broadcast = stage.opened(feeds.event(number=2))
    stage.broadcast.announce()
    follower = await services.followers.of(EVENT.channel)
    await eventually(lambda: follower.event is not None and follower.event.number == 2)
    assert (await client.get(f"/live/arena/{PICTURE}/index.m3u8")).json()["code"] == "live_rendition_not_found"
    segment = await client.get(f"/live/arena/{PICTURE}/{FIRST}.m4s")
    assert segment.content == b"".join(body(PICTURE, FIRST, place) for place in range(6))
    assert segment.headers["cache-control"] == "public, max-age=31536000, immutable"
    ranged = await client.get(f"/live/arena/{PICTURE}/{FIRST}.m4s", headers={"Range": "bytes=0-4"})
    assert (ranged.status_code, ranged.content) == (206, segment.content[:5])
    init = await client.get(f"/live/arena/{PICTURE}/{before.map.uri}")
    assert init.content == f"init of {PICTURE}".encode()
    for name in (f"{FIRST + 1}.m4s", f"{FIRST}.0.m4s", "init-0.mp4"):
        assert (await client.get(f"/live/arena/{PICTURE}/{name}")).json()["code"] == "live_media_not_found"
