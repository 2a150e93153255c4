from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from infra.memory import MemoryCache
from infra.tasks import end
from manifests.layout import ChannelId
from streaming.live.channels.model import Channel, ChannelState
from streaming.live.channels.service import Channels
from streaming.live.schedule import LONGEST_AHEAD, due, fault, keep_schedule

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ARENA = ChannelId("arena")
IDLE, WAITING, LIVE, ENDED = ChannelState.IDLE, ChannelState.WAITING, ChannelState.LIVE, ChannelState.ENDED


def channel(state: ChannelState, starts: int | None, ends: int | None) -> Channel:
    """`starts`, `ends`: minutes after noon."""
    return Channel(
        id=ARENA, title="Arena", state=state, event=3, profile="", latency="low", dvr=timedelta(hours=1), public=True,
        trouble="", created_by="me", created_at=NOON, started_at=None, ended_at=None,
        starts_at=None if starts is None else NOON + starts * MINUTE,
        ends_at=None if ends is None else NOON + ends * MINUTE,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("state", "starts", "ends", "then", "event", "left"),
    [
        (IDLE, 1, 2, IDLE, 3, (1, 2)),
        (IDLE, 0, 2, WAITING, 4, (None, 2)),
        (ENDED, -5, 2, WAITING, 4, (None, 2)),
        (IDLE, 0, None, WAITING, 4, (None, None)),
        (LIVE, 0, 2, LIVE, 3, (None, 2)),
        (LIVE, None, 0, ENDED, 3, (None, None)),
        (LIVE, None, 1, LIVE, 3, (None, 1)),
        (ENDED, None, 0, ENDED, 3, (None, None)),
        (IDLE, -5, -1, IDLE, 3, (None, None)),
        (LIVE, -5, -1, ENDED, 3, (None, None)),
    ],
)
def test_what_is_due(
    state: ChannelState, starts: int | None, ends: int | None, then: ChannelState, event: int,
    left: tuple[int | None, int | None],
) -> None:  # fmt: skip
    made = due(channel(state, starts, ends), NOON)
    assert (made.state, made.event) == (then, event)
    wanted = channel(state, *left)
    assert (made.starts_at, made.ends_at) == (wanted.starts_at, wanted.ends_at)
    assert due(made, NOON) == made


def test_an_event_that_was_missed_says_so() -> None:
    assert "scheduled" in due(channel(IDLE, -5, -1), NOON).trouble


@pytest.mark.parametrize(
    ("starts", "ends", "field"),
    [(1, 2, None), (None, None, None), (None, 1, None), (1, None, None), (0, 2, "starts_at"), (None, -1, "ends_at"),
     (2, 2, "ends_at"), (2, 1, "ends_at")],
)  # fmt: skip
def test_what_is_no_schedule(starts: int | None, ends: int | None, field: str | None) -> None:
    wanted = channel(IDLE, starts, ends)
    found = fault(starts_at=wanted.starts_at, ends_at=wanted.ends_at, now=NOON)
    assert (found and found[0]) == field


def test_a_schedule_is_within_ten_years() -> None:
    found = fault(starts_at=NOON + LONGEST_AHEAD + MINUTE, ends_at=None, now=NOON)
    assert found is not None


async def test_an_event_begins_and_ends_once_however_many_look(tables: AsyncEngine) -> None:
    now = NOON
    channels = Channels(sql=tables, cache=MemoryCache(), clock=lambda: now)
    await channels.create(
        title="Arena", channel_id="arena", starts_at=NOON + MINUTE, ends_at=NOON + 2 * MINUTE, created_by="me"
    )
    assert await channels.keep_schedule() == []
    now = NOON + MINUTE
    rounds = await asyncio.gather(*(channels.keep_schedule() for _ in range(3)))
    assert [[each.state for each in changed] for changed in rounds if changed] == [[WAITING]]
    assert (await channels.get(ARENA)).event == 1
    await channels.step(ARENA, 1, LIVE)
    now = NOON + 2 * MINUTE
    assert [each.state for each in await channels.keep_schedule()] == [ENDED]
    found = await channels.get(ARENA)
    assert (found.starts_at, found.ends_at, found.started_at, found.ended_at) == (
        None, None, NOON + MINUTE, NOON + 2 * MINUTE,
    )  # fmt: skip


async def test_an_end_by_hand_ends_its_schedule_and_not_that_of_the_next(tables: AsyncEngine) -> None:
    channels = Channels(sql=tables, cache=MemoryCache(), clock=lambda: NOON)
    await channels.create(title="Arena", channel_id="arena", ends_at=NOON + MINUTE, created_by="me")
    await channels.start(ARENA)
    assert (await channels.stop(ARENA)).ends_at is None
    await channels.change(ARENA, schedule=lambda _: (NOON + MINUTE, NOON + 2 * MINUTE))
    await channels.start(ARENA)
    stopped = await channels.stop(ARENA)
    assert (stopped.starts_at, stopped.ends_at) == (NOON + MINUTE, NOON + 2 * MINUTE)
    assert stopped == await channels.get(ARENA)


async def test_it_is_kept_while_somebody_keeps_it(tables: AsyncEngine) -> None:
    cache = MemoryCache()
    channels = Channels(sql=tables, cache=cache, clock=lambda: NOON)
    await channels.create(title="Arena", channel_id="arena", starts_at=NOON, created_by="me")
    async with cache.subscribe("channel:live:channels") as messages:
        keeping = asyncio.create_task(keep_schedule(channels))
        async with asyncio.timeout(60):
            await anext(messages)
        await end(keeping)
    assert (await channels.get(ARENA)).state is WAITING
