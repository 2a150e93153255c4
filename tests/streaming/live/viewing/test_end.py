"""The end of an event, as viewers hear of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.streaming.live.stage import FIRST, SOUND, Stage, part
from tests.streaming.live.viewing.test_api import PLAYLIST, playlist

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from manifests.hls import MediaPlaylist

pytestmark = pytest.mark.usefixtures("followed")


async def test_the_last_parts_are_told_before_the_end_is(
    client: httpx.AsyncClient, stage: Stage, eventually: Callable[..., Awaitable[None]]
) -> None:
    # hls.js never loads those that it hears of with EXT-X-ENDLIST.
    closed, over = asyncio.Event(), asyncio.Event()

    async def pause(seconds: float) -> None:
        assert seconds > 0
        closed.set()
        await over.wait()

    async def listed(**asked: int) -> MediaPlaylist:
        return playlist((await client.get(PLAYLIST, params=asked)).text)

    stage.broadcast = stage.opened(pause=pause)
    stage.begin()
    await eventually(lambda: stage.broadcast.on_air.slate is not None)
    await stage.parts(FIRST, range(3))
    stage._joined.part(part(SOUND, FIRST, 3))
    finishing = asyncio.create_task(stage.broadcast.finish())
    async with asyncio.timeout(60):
        await closed.wait()
        # Pictures are shown for as long as there is sound: that part is in nobody's hands yet.
        last = await listed(_HLS_msn=FIRST, _HLS_part=3)
        assert not last.ended
        assert (len(last.segments), len(last.growing.parts)) == (0, 4)
        over.set()
        await finishing
    ended = await listed()
    assert ended.ended
    assert [len(each.parts) for each in ended.segments] == [4]
    assert ended.segments[0].parts == last.growing.parts
