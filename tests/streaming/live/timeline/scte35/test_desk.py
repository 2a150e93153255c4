"""Splices into the timeline of an event, and out of it again by the next process."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from infra.tasks import end
from manifests.hls import date_time
from manifests.layout import ChannelId
from streaming.live.channels.service import Channels
from streaming.live.timeline.board import TimelineBoard
from streaming.live.timeline.model import Source
from streaming.live.timeline.scte35.desk import SpliceDesk
from streaming.live.timeline.scte35.splice import parse
from streaming.live.timeline.service import Timelines
from tests.manifests.live.paces import DAWN
from tests.streaming.live.timeline.scte35 import spliced

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncEngine

    from infra.redis_cache import RedisCache

ARENA = ChannelId("arena")


async def test_a_break_survives_the_process_that_heard_its_beginning(
    tables: AsyncEngine, cache: RedisCache, eventually: Callable[..., Awaitable[None]]
) -> None:
    now = DAWN

    def clock() -> datetime:
        return date_time.from_ms(now)

    channels = Channels(sql=tables, cache=cache, clock=clock)
    await channels.create(title="Arena", channel_id=ARENA, created_by="me")
    await channels.start(ARENA)
    timelines = Timelines(sql=tables, cache=cache, classes="org.example", clock=clock)

    async def told(count: int) -> bool:
        return len(await TimelineBoard(cache).read(ARENA, 1)) == count

    out = spliced.insert(7, 1, out=True, seconds=30, auto=True)
    first = SpliceDesk(timelines, clock=lambda: now)
    running = asyncio.create_task(first.run())
    first.hear(ARENA, 1, parse(out), DAWN + 4000)
    first.hear(ARENA, 1, parse(out), DAWN + 4000)
    await eventually(lambda: told(1))
    await end(running)

    second = SpliceDesk(timelines, clock=lambda: now)
    await second.open(ARENA, 1)
    running = asyncio.create_task(second.run())
    now += 70_000
    second.hear(ARENA, 1, parse(spliced.section(0xFF, b"CUEIx")), now)
    back = spliced.insert(7, 2, out=False)
    second.hear(ARENA, 1, parse(back), DAWN + 33_000)
    await eventually(lambda: told(3))
    await end(running)

    entries = [each.entry().tag for each in await TimelineBoard(cache).read(ARENA, 1)]
    begun, ended = [tag for tag in entries if tag.scte35_cmd is None]
    assert (begun.scte35_out, begun.start, begun.planned_duration) == (out, date_time.from_ms(DAWN + 4000), 30)
    assert (begun.duration, ended.id, ended.scte35_in, ended.duration) == (None, begun.id, back, 29)
    kept = await timelines.list(ARENA, 1)
    assert {each.source for each in kept} == {Source.SCTE35}
