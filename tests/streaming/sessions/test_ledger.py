from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from streaming.sessions.ledger import Ledger, hour_of, milliseconds, moment
from streaming.sessions.model import Counters, State
from streaming.sessions.tables import session_ledger
from streaming.sessions.tally import Snapshot, Tally

from .conftest import ASSET, BEGIN

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from .conftest import Channel

SEEN = Snapshot(
    session="one",
    revision=1,
    subject=ASSET,
    viewer="00112233445566aa",
    device="tv",
    begun_ms=milliseconds(BEGIN),
    seen_ms=milliseconds(BEGIN) + 12_000,
    state=State.PLAYING,
    viewed=True,
    position_ms=12_000,
    counters=Counters(started=True, played_ms=12_000, startup_ms=300, played_kbit=24_000),
)
COUNTED = Tally(attempts=1, starts=1, views=1, played_ms=12_000, startup_ms=300, played_kbit=24_000)


def test_moments_and_milliseconds() -> None:
    assert moment(milliseconds(BEGIN)) == BEGIN
    assert hour_of(BEGIN) == BEGIN.replace(minute=0)


async def test_the_same_told_twice_counts_once(channel: Channel) -> None:
    ledger = channel.ledger
    assert await ledger.totals(ASSET) == (Tally(), 0)
    for _ in range(3):
        assert await ledger.record([SEEN], now=BEGIN) == {"one": COUNTED}
    assert await ledger.totals(ASSET) == (COUNTED, 0)


async def test_entries_are_what_was_gained(channel: Channel, sql_engine: AsyncEngine) -> None:
    later = replace(
        SEEN, revision=2, state=State.ENDED, counters=replace(SEEN.counters, played_ms=20_000, rebuffer_ms=700)
    )
    await channel.ledger.record([SEEN], now=BEGIN)
    held = await channel.ledger.record([later, replace(SEEN, session="two")], now=BEGIN)
    assert held == {"one": replace(COUNTED, played_ms=20_000, rebuffer_ms=700), "two": COUNTED}
    async with sql_engine.connect() as connection:
        columns = session_ledger.c
        query = select(columns.session, columns.entry, columns.state, columns.played_ms).order_by(
            columns.session, columns.entry
        )
        rows = [tuple(row) for row in await connection.execute(query)]
    assert rows == [("one", 1, "playing", 12_000), ("one", 2, "ended", 8_000), ("two", 1, "playing", 12_000)]
    recorded = await channel.ledger.recorded("one")
    assert recorded is not None
    assert (recorded.tally, recorded.state) == (held["one"], State.ENDED)
    assert await channel.ledger.recorded("three") is None


async def test_hours_are_those_in_which_sessions_began(channel: Channel) -> None:
    next_hour = replace(SEEN, session="two", begun_ms=SEEN.begun_ms + 3_600_000)
    await channel.ledger.record([SEEN, next_hour], now=BEGIN)
    assert (await channel.ledger.totals(ASSET))[0] == COUNTED + COUNTED


async def test_processes_that_tell_the_same_at_once_count_it_once(channel: Channel, sql_engine: AsyncEngine) -> None:
    """Whoever comes second begins again (PostgreSQL), or has waited and sees that it is told (SQLite)."""
    other = Ledger(sql_engine)
    for revision in range(1, 11):
        told = replace(SEEN, revision=revision)
        newer = replace(SEEN, revision=revision + 1, counters=replace(SEEN.counters, played_ms=12_000 + revision))
        outcomes = await asyncio.gather(
            channel.ledger.record([told], now=BEGIN), other.record([newer], now=BEGIN), return_exceptions=True
        )
        assert all(isinstance(each, dict | IntegrityError) for each in outcomes)
        assert any(isinstance(each, dict) for each in outcomes)
    final = replace(SEEN, revision=99, counters=replace(SEEN.counters, played_ms=15_000))
    await channel.ledger.record([final], now=BEGIN)
    assert (await channel.ledger.totals(ASSET))[0] == replace(COUNTED, played_ms=15_000)


async def test_a_failed_transaction_enters_nothing(channel: Channel) -> None:
    twice = [SEEN, replace(SEEN, revision=2)]  # one entry number for two rows
    with pytest.raises(IntegrityError):
        await channel.ledger.record(twice, now=BEGIN)
    assert await channel.ledger.totals(ASSET) == (Tally(), 0)


async def test_positions_are_kept_by_time(channel: Channel) -> None:
    viewer = SEEN.viewer
    assert await channel.ledger.position_ms(viewer, ASSET) is None
    await channel.ledger.record([replace(SEEN, session="new", seen_ms=SEEN.seen_ms + 5, position_ms=50_000)], now=BEGIN)
    await channel.ledger.record([SEEN], now=BEGIN)
    assert await channel.ledger.position_ms(viewer, ASSET) == 50_000


async def test_peaks_only_rise(channel: Channel) -> None:
    hour = hour_of(BEGIN)
    for viewers in (3, 7, 5):
        await channel.ledger.peaks({ASSET: viewers}, hour=hour)
    await channel.ledger.peaks({ASSET: 4}, hour=hour + timedelta(hours=1))
    await channel.ledger.record([SEEN], now=BEGIN)
    assert await channel.ledger.totals(ASSET) == (COUNTED, 7)


async def test_what_is_old_is_forgotten_and_the_sums_stay(channel: Channel, sql_engine: AsyncEngine) -> None:
    await channel.ledger.record([SEEN], now=BEGIN)
    soon = BEGIN + timedelta(minutes=1)
    await channel.ledger.forget(positions_before=BEGIN, entries_before=BEGIN)
    assert await channel.ledger.position_ms(SEEN.viewer, ASSET) == 12_000
    await channel.ledger.forget(positions_before=soon, entries_before=soon)
    assert await channel.ledger.position_ms(SEEN.viewer, ASSET) is None
    async with sql_engine.connect() as connection:
        assert (await connection.execute(select(func.count()).select_from(session_ledger))).scalar_one() == 0
    assert (await channel.ledger.totals(ASSET))[0] == COUNTED
