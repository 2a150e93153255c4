"""Timelines over both databases and a real Redis."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from infra.memory.cache import MemoryCache
from manifests.layout import ChannelId
from streaming.live.channels.errors import ChannelNotFound
from streaming.live.channels.model import ChannelState
from streaming.live.channels.service import Channels
from streaming.live.timeline import model
from streaming.live.timeline.board import WAKE_UP, TimelineBoard, load
from streaming.live.timeline.errors import MarkContradicted, MarkExists, MarkNotFound, NoEventRuns
from streaming.live.timeline.model import Kind, Mark, more_of
from streaming.live.timeline.service import Timelines
from streaming.live.timeline.tables import timeline_tags
from tests.manifests.live.paces import begun, later
from tests.streaming.watch import Watch
from tests.transcoder.live import feeds
from transcoder.live import board
from transcoder.live.event import dump

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from infra.redis_cache import RedisCache

ARENA = ChannelId("arena")
DVR = timedelta(hours=4)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def goal(mark_id: str = "goal", **more: object) -> Mark:
    return replace(Mark(id=mark_id, kind=Kind.SPORT, at=NOON, duration=model.seconds(0)), **more)  # type: ignore[arg-type]


@pytest.fixture
def clock() -> Watch:
    return Watch()


@pytest.fixture
async def channels(tables: AsyncEngine, cache: RedisCache, clock: Watch) -> Channels:
    made = Channels(sql=tables, cache=cache, clock=clock)
    await made.create(title="Arena", channel_id=ARENA, created_by="me")
    await made.start(ARENA)
    return made


@pytest.fixture
def timelines(channels: Channels, tables: AsyncEngine, cache: RedisCache, clock: Watch) -> Timelines:
    return Timelines(sql=tables, cache=cache, classes="org.example", clock=clock)


async def told(cache: RedisCache, event: int = 1) -> list[tuple[int, str]]:
    found = await TimelineBoard(cache).read(ARENA, event)
    return [(each.number, each.entry().tag.id) for each in found]


async def test_a_mark_is_made_once_and_told_to_who_follows(timelines: Timelines, cache: RedisCache) -> None:
    async with cache.subscribe(board.wake_up(ARENA)) as messages:
        kept, is_new = await timelines.add(ARENA, goal(), by="ann")
        assert (kept.mark, kept.event, is_new) == (goal(), 1, True)
        _, message = await anext(messages)
    assert message.startswith(WAKE_UP)
    event, (heard,) = load(message)
    assert event == 1
    assert heard.entry().tag == model.tag_of(goal(), "org.example")
    later = goal(at=NOON + timedelta(seconds=1))
    assert (await timelines.add(ARENA, later, by="ann", dated=False))[1] is False
    for other in (later, goal(title="1:0")):
        with pytest.raises(MarkExists):
            await timelines.add(ARENA, other, by="ann")
    assert await told(cache) == [(1, "goal")]


async def test_many_who_speak_at_once_are_all_heard(timelines: Timelines, cache: RedisCache) -> None:
    await asyncio.gather(*(timelines.add(ARENA, goal(f"m{number % 4}"), by="ann") for number in range(8)))
    assert [number for number, _ in await told(cache)] == [1, 2, 3, 4]
    assert sorted(mark for _, mark in await told(cache)) == ["m0", "m1", "m2", "m3"]
    assert len(await timelines.list(ARENA, 1)) == 4


async def test_an_open_mark_ends_once(timelines: Timelines, cache: RedisCache, clock: Watch) -> None:
    start = model.in_ms(clock.now)
    await timelines.add(ARENA, goal(kind=Kind.AD, at=start, duration=None, planned=model.seconds(30)), by="ann")
    clock.now += timedelta(seconds=29)
    ended = await timelines.say(ARENA, "goal", more_of(title="Break"), ended=True, by="ben")
    assert (ended.mark.duration, ended.mark.title, ended.created_by) == (29, "Break", "ann")
    clock.now += timedelta(seconds=1)
    assert await timelines.say(ARENA, "goal", more_of(), ended=True, by="ben") == ended
    for more in (more_of(duration=model.seconds(28)), more_of(title="Else")):
        with pytest.raises(MarkContradicted):
            await timelines.say(ARENA, "goal", more, by="ben")
    assert await timelines.list(ARENA, 1) == [ended]
    first, second = await TimelineBoard(cache).read(ARENA, 1)
    assert (first.entry().tag.duration, second.entry().tag.duration, second.entry().tag.start) == (None, 29, start)


async def test_there_is_nothing_to_mark_without_an_event(
    timelines: Timelines, channels: Channels, cache: RedisCache
) -> None:
    with pytest.raises(ChannelNotFound):
        await timelines.add(ChannelId("nobody\0"), goal(), by="ann")
    await timelines.add(ARENA, goal(), by="ann")
    with pytest.raises(MarkNotFound):
        await timelines.say(ARENA, "other", more_of(), by="ann")
    await channels.stop(ARENA)
    with pytest.raises(NoEventRuns):
        await timelines.add(ARENA, goal("b"), by="ann")
    await channels.start(ARENA)
    with pytest.raises(MarkNotFound):  # of the event before
        await timelines.say(ARENA, "goal", more_of(), by="ann")
    with pytest.raises(MarkExists):  # an ID is never used for another range
        await timelines.add(ARENA, goal(), by="ann")
    await timelines.add(ARENA, goal("c"), by="ann")
    assert await told(cache, event=2) == [(1, "c")]


async def test_what_was_added_while_redis_was_away_is_told_before_what_comes_next(
    timelines: Timelines, tables: AsyncEngine, cache: RedisCache, clock: Watch
) -> None:
    alone = Timelines(sql=tables, cache=MemoryCache(), classes="org.example", clock=clock)
    await alone.add(ARENA, goal("a"), by="ann")
    assert await told(cache) == []
    await timelines.add(ARENA, goal("b"), by="ann")
    assert await told(cache) == [(1, "a"), (2, "b")]


async def test_a_lost_redis_is_filled_again_with_every_tag_in_its_place(
    timelines: Timelines, tables: AsyncEngine, cache: RedisCache, clock: Watch, channels: Channels
) -> None:
    for name in "abc":
        await timelines.add(ARENA, goal(name, at=model.in_ms(clock.now)), by="ann")
    before = await TimelineBoard(cache).read(ARENA, 1)
    async with tables.begin() as connection:  # as if somebody was killed before he wrote its place
        await connection.execute(update(timeline_tags).where(timeline_tags.c.mark == "c").values(msn=None))
    await cache.delete(f"channel:live:{ARENA}:1:timeline")
    await timelines.tend(await channels.get(ARENA))
    after = await TimelineBoard(cache).read(ARENA, 1)
    assert after[:2] == before[:2]
    assert [each.number for each in after] == [1, 2, 3]
    async with tables.begin() as connection:
        rows = (await connection.execute(select(timeline_tags.c.msn, timeline_tags.c.added_ms))).all()
    assert all(None not in row for row in rows)


async def test_what_is_long_over_leaves_redis_and_stays_in_sql(
    timelines: Timelines, cache: RedisCache, clock: Watch, channels: Channels
) -> None:
    await timelines.add(ARENA, goal("over", at=model.in_ms(clock.now)), by="ann")
    await timelines.add(ARENA, goal("open", at=model.in_ms(clock.now), duration=None), by="ann")
    clock.now += DVR + timedelta(hours=2)
    await timelines.tend(await channels.get(ARENA))
    assert await told(cache) == [(2, "open")]
    assert [kept.mark.id for kept in await timelines.list(ARENA, 1)] == ["open", "over"]


async def test_nothing_is_placed_while_redis_has_lost_what_it_would_stand_behind(
    timelines: Timelines, cache: RedisCache, channels: Channels
) -> None:
    await channels.step(ARENA, 1, ChannelState.LIVE)
    await timelines.add(ARENA, goal(), by="ann")
    await timelines.tend(await channels.get(ARENA))
    assert await told(cache) == []
    event = feeds.event()
    await cache.put(board.event_key(ARENA), dump(event), ttl=DVR)
    tail = board.dump_tail(later(begun(), 6 * 3 + 2))
    await cache.put(board.tail_key(ARENA, event.sound.id), tail, ttl=DVR)
    ahead = board.dump_tail(later(begun(), 6 * 3 + 3))
    await cache.put(board.tail_key(ARENA, event.rungs[0].id), ahead, ttl=DVR)
    await timelines.tend(await channels.get(ARENA))
    (entry,) = await TimelineBoard(cache).read(ARENA, 1)
    assert entry.position == (43, 3)
