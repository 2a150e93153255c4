from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from manifests import layout
from manifests.layout import ChannelId, RenditionId
from streaming.live.channels.errors import ChannelBusy, ChannelExists, ChannelNotFound
from streaming.live.channels.model import ChannelState
from streaming.live.channels.service import CHANGED, Channels

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from infra.redis_cache import RedisCache
    from infra.s3 import S3Store

ARENA = ChannelId("arena")


@pytest.fixture
def channels(tables: AsyncEngine, cache: RedisCache) -> Channels:
    return Channels(sql=tables, cache=cache)


async def test_the_life_of_a_channel(channels: Channels, store: S3Store) -> None:
    made = await channels.create(
        title="Arena", channel_id="arena", dvr=timedelta(hours=1), record=False, created_by="me"
    )
    assert (made.state, made.event) == (ChannelState.IDLE, 0)
    assert await channels.get(ARENA) == made
    started = await channels.start(ARENA)
    assert (started.state, started.event, started.started_at is None) == (ChannelState.WAITING, 1, False)
    assert await channels.start(ARENA) == started
    with pytest.raises(ChannelBusy):
        await channels.delete(ARENA, store=store)
    with pytest.raises(ChannelBusy):
        await channels.change(ARENA, latency="relaxed")
    assert (await channels.change(ARENA, title="Hall", public=False)).title == "Hall"

    await channels.step(ARENA, 1, ChannelState.LIVE)
    await channels.step(ARENA, 1, ChannelState.INTERRUPTED, trouble="It went.")
    found = await channels.get(ARENA)
    assert (found.state, found.trouble) == (ChannelState.INTERRUPTED, "It went.")

    ended = await channels.stop(ARENA)
    assert ended.state is ChannelState.ENDED
    assert await channels.stop(ARENA) == ended
    again = await channels.start(ARENA)
    assert (again.event, again.trouble, again.ended_at) == (2, "", None)
    await channels.stop(ARENA)
    shown = layout.live_segment(ARENA, RenditionId("v90-1"), 7)
    others = layout.live_segment(ChannelId("arena2"), RenditionId("v90-1"), 7)
    for key in (shown, others, layout.live_event(ARENA, 1)):
        await store.put(key, b"x", content_type="x/y")
    await channels.delete(ARENA, store=store)
    assert [stat.key async for stat in store.list("")] == [others]
    with pytest.raises(ChannelNotFound):
        await channels.get(ARENA)
    assert await channels.list() == []


async def test_what_comes_too_late_is_not_written(channels: Channels) -> None:
    await channels.create(title="Arena", channel_id="arena", created_by="me")
    await channels.start(ARENA)
    await channels.step(ARENA, 7, ChannelState.LIVE)
    await channels.step(ARENA, 1, ChannelState.INTERRUPTED)
    assert (await channels.get(ARENA)).state is ChannelState.WAITING
    await channels.stop(ARENA)
    await channels.step(ARENA, 1, ChannelState.LIVE)
    assert (await channels.get(ARENA)).state is ChannelState.ENDED
    await channels.step(ChannelId("nobody"), 1, ChannelState.LIVE)


async def test_an_id_is_taken_once_and_one_is_found_for_who_names_none(channels: Channels) -> None:
    await channels.create(title="Arena", channel_id="arena", created_by="me")
    with pytest.raises(ChannelExists):
        await channels.create(title="Arena", channel_id="arena", created_by="me")
    assert (await channels.create(title="Hall", created_by="me")).id
    with pytest.raises(ChannelNotFound):
        await channels.get(ChannelId("a\0b"))


async def test_whoever_runs_channels_is_woken(channels: Channels, cache: RedisCache) -> None:
    await channels.create(title="Arena", channel_id="arena", created_by="me")
    async with cache.subscribe(CHANGED) as messages:
        await channels.start(ARENA)
        assert await anext(messages) == (CHANGED, b"arena")
