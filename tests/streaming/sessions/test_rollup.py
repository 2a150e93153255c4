from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from infra.redis_cache import RedisCache
from infra.tasks import end
from streaming.sessions.errors import SessionOver
from streaming.sessions.identity import NAME, Identity
from streaming.sessions.model import Counters, News, State
from streaming.sessions.rollup import LEASE, LEASE_TTL, Rollup, run_rollup
from streaming.sessions.settings import SessionSettings
from streaming.sessions.tables import session_ledger, session_rollup
from streaming.sessions.tally import MEASURES, Tally

from .conftest import ASSET, LIVE, SECRET, Channel, played

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from sqlalchemy import Table
    from sqlalchemy.ext.asyncio import AsyncEngine

    from infra.ports import Cache
    from streaming.sessions.ledger import Ledger
    from streaming.sessions.subject import Subject

MARIA = Identity(SECRET).viewer("player", "maria")


async def sums(sql: AsyncEngine, table: Table) -> Tally:
    async with sql.connect() as connection:
        row = (await connection.execute(select(*(func.sum(table.c[name]) for name in MEASURES)))).one()
    return Tally(**{name: int(value or 0) for name, value in zip(MEASURES, row, strict=True)})


async def watched(sql: AsyncEngine, table: Table) -> set[tuple[str, str, int]]:
    """What rows say of assets, channels and events."""
    async with sql.connect() as connection:
        rows = await connection.execute(select(table.c.asset, table.c.channel, table.c.event))
        return {(row.asset, row.channel, row.event) for row in rows}


async def entries(sql: AsyncEngine) -> int:
    async with sql.connect() as connection:
        return int((await connection.execute(select(func.count()).select_from(session_ledger))).scalar_one())


async def watch(
    channel: Channel, seconds: float, *, viewer: str | None = None, subject: Subject = ASSET
) -> str:  # fmt: skip
    session = (await channel.open(viewer=viewer, asset=subject)).session
    channel.after(seconds)
    await channel.hear(session, played(seconds, seq=1))
    return session


async def test_five_hundred_sessions_add_up_in_redis_ledger_and_rollup(
    channel: Channel, sql_engine: AsyncEngine
) -> None:
    rng = random.Random(2)
    processes = [channel.sessions, channel.another_process()]
    opened = [(await channel.open(asset=rng.choice([ASSET, LIVE]))).session for _ in range(500)]
    lengths = [rng.choice([0.0, 3.0, 9.9, 10.0, 12.0, 20.0]) for _ in opened]
    channel.after(20)
    await channel.settle()  # in the middle of it all
    reports = [
        (session, played(length * part / 4, seq=part, end=part == 4 and number % 3 == 0))
        for number, (session, length) in enumerate(zip(opened, lengths, strict=True))
        for part in (1, 2, 2, 3, 4)
    ]
    order = sorted(range(len(reports)), key=lambda index: (reports[index][1].last_seq, rng.random()))
    outcomes = await asyncio.gather(
        *(processes[index % 2].hear(*reports[index], now=channel.now) for index in order), return_exceptions=True
    )
    assert all(not isinstance(each, BaseException) or isinstance(each, SessionOver) for each in outcomes)

    expected = Tally(
        attempts=500,
        starts=500,
        views=sum(length >= 10 for length in lengths),
        played_ms=round(1000 * sum(lengths)),
    )
    live = await channel.audience(), await channel.audience(LIVE)
    assert live[0].now + live[1].now == sum(number % 3 != 0 for number in range(500))
    assert (live[0].tally + live[1].tally).views == expected.views
    await channel.settle()
    settled = await channel.audience(), await channel.audience(LIVE)
    assert [each.tally.views for each in settled] == [each.tally.views for each in live]
    channel.after(3600)
    await channel.settle()
    assert await sums(sql_engine, session_ledger) == expected
    assert await sums(sql_engine, session_rollup) == expected
    assert (await channel.audience()).tally + (await channel.audience(LIVE)).tally == expected
    assert (await channel.audience()).now == 0
    assert (await channel.audience()).peak + (await channel.audience(LIVE)).peak >= 333
    assert await channel.ledger.totals(LIVE) == (settled[1].tally, settled[1].peak)
    assert await channel.ledger.totals(replace(LIVE, event=2)) == (Tally(), 0)
    for table in (session_ledger, session_rollup):
        assert await watched(sql_engine, table) == {(ASSET, "", 0), ("", "arena", 3)}


async def test_a_crash_between_commit_and_acknowledgement_counts_nothing_twice(
    channel: Channel, sql_engine: AsyncEngine
) -> None:
    await watch(channel, 12)
    later = channel.now + channel.settings.settle
    for shard in range(channel.settings.shards):
        if snapshots := await channel.rollup.collect(shard, now=later):
            await channel.ledger.record(snapshots, now=later)  # and here the process dies
    another = Rollup(cache=channel.cache, ledger=channel.ledger, settings=channel.settings)
    assert await another.once(now=later) == 1
    assert await entries(sql_engine) == 1
    tally = (await channel.audience()).tally
    assert (tally.attempts, tally.starts, tally.views, tally.played_ms) == (1, 1, 1, 12_000)
    assert await another.once(now=later) == 0


async def test_what_changes_while_it_is_told_is_told_again(channel: Channel) -> None:
    session = await watch(channel, 5)
    later = channel.now + channel.settings.settle
    told = {shard: await channel.rollup.collect(shard, now=later) for shard in range(channel.settings.shards)}
    channel.after(7)
    await channel.hear(session, played(12, seq=2))
    for shard, snapshots in told.items():
        held = await channel.ledger.record(snapshots, now=later)
        await channel.rollup.acknowledge(shard, snapshots, held, now=later)
    assert await channel.settle() == 1
    tally = (await channel.audience()).tally
    assert (tally.attempts, tally.starts, tally.views, tally.played_ms) == (1, 1, 1, 12_000)


async def test_changes_are_collected_into_few_entries(channel: Channel, sql_engine: AsyncEngine) -> None:
    session = (await channel.open()).session
    for second in range(1, 60):
        channel.after(1)
        await channel.hear(session, played(second, seq=second))
    await channel.settle()
    assert await entries(sql_engine) == 1
    await channel.hear(session, played(60, seq=60, end=True))
    await channel.settle()
    assert await entries(sql_engine) == 2


async def test_a_long_session_is_told_of_now_and_then(channel: Channel, sql_engine: AsyncEngine) -> None:
    session = (await channel.open()).session
    for minute in range(1, 13):
        channel.after(60)
        await channel.hear(session, played(60 * minute, seq=minute))
        await channel.settle()
    assert await entries(sql_engine) == 3  # the start and the view, then every five minutes
    assert (await sums(sql_engine, session_rollup)).played_ms >= 10 * 60_000


async def test_silence_closes_a_session(channel: Channel) -> None:
    left = (await channel.open()).session
    await watch(channel, 9)
    denied = (await channel.open()).session
    await channel.hear(denied, News(counters=Counters(failed_business=True), last_seq=1, end_seq=1))
    channel.after(26)
    await channel.settle()
    recorded = await channel.ledger.recorded(left[-NAME:])
    assert recorded is not None
    assert recorded.state is State.EXPIRED
    tally = (await channel.audience()).tally
    assert (tally.attempts, tally.starts, tally.views) == (3, 1, 0)
    assert (tally.exits_before_start, tally.failures_business, tally.failures_technical) == (1, 1, 0)


async def test_redis_emptied_and_heartbeats_go_on(channel: Channel) -> None:
    known = await watch(channel, 12, viewer="maria")  # the ledger hears of this one
    await channel.settle()
    unknown = await watch(channel, 5)  # and of this one it does not
    over = await watch(channel, 12)
    await channel.hear(over, played(12, seq=9, end=True))
    await channel.settle()
    await channel.cache.script("return redis.call('FLUSHALL')", ["any"], [])

    assert (await channel.audience()).now == 0
    channel.after(8)
    heard = await channel.hear(known, played(20, seq=2))
    assert (heard.state, heard.viewed) == (State.PLAYING, True)
    assert (await channel.hear(unknown, played(13, seq=2))).viewed
    with pytest.raises(SessionOver):
        await channel.hear(over, played(13, seq=10))
    audience = await channel.audience()
    assert (audience.now, audience.tally.attempts, audience.tally.starts, audience.tally.views) == (2, 3, 3, 3)
    await channel.settle()
    settled = await channel.audience()
    assert replace(settled.tally, played_ms=0) == replace(audience.tally, played_ms=0)
    await channel.hear(known, played(20, seq=3, end=True))
    await channel.settle()
    assert (await channel.audience()).tally.played_ms >= 20_000 + 12_000
    assert await channel.ledger.position_ms(MARIA, ASSET) == 20_000


@pytest.mark.parametrize("subject", [ASSET, LIVE], ids=["asset", "live"])
async def test_redis_emptied_before_the_ledger_heard_anything(channel: Channel, subject: Subject) -> None:
    session = await watch(channel, 12, viewer="maria", subject=subject)
    await channel.cache.script("return redis.call('FLUSHALL')", ["any"], [])
    await channel.hear(session, played(40, seq=2))
    await channel.settle()
    audience = await channel.audience(subject)
    assert (audience.now, audience.tally.attempts, audience.tally.starts, audience.tally.views) == (1, 1, 1, 1)


async def test_the_position_outlives_redis(channel: Channel) -> None:
    await watch(channel, 200, viewer="maria")
    channel.after(3600)
    await channel.settle()
    await channel.cache.script("return redis.call('FLUSHALL')", ["any"], [])
    assert (await channel.open(viewer="maria")).resume_at_ms == 200_000


async def test_a_session_long_over_is_known_from_the_ledger_alone(channel: Channel, cache: Cache) -> None:
    session = await watch(channel, 12)
    await channel.hear(session, played(12, seq=2, end=True))
    await channel.settle()
    keys = await cache.script("return redis.call('KEYS', '*session:*')", ["any"], [])
    assert len(keys) == 1
    assert 0 < await cache.script("return redis.call('PTTL', KEYS[1])", keys, []) <= 3_600_000
    await cache.delete(keys[0].decode())  # its time is up
    channel.after(2 * 3600)
    with pytest.raises(SessionOver):
        await channel.hear(session, played(13, seq=3))
    assert (await channel.audience()).tally.attempts == 1


async def test_redis_killed_and_started_again(valkey_server: Any, ledger: Ledger) -> None:
    cache = RedisCache(valkey_server.url)
    channel = Channel(cache, ledger)
    sessions = [await watch(channel, 6, viewer=f"viewer {number}") for number in range(20)]
    valkey_server.kill()
    valkey_server.start()
    channel.now += channel.settings.settle
    for session in sessions:
        await channel.hear(session, played(11, seq=2))
    await channel.settle()
    audience = await channel.audience()
    assert (audience.tally.attempts, audience.tally.starts, audience.tally.views) == (20, 20, 20)
    await cache.aclose()


async def test_one_process_rolls_up_until_it_is_stopped(
    plain: Channel, ledger: Ledger, eventually: Callable[..., Awaitable[None]]
) -> None:
    settings = SessionSettings.from_env({"CHANNEL_ROLLUP_S": "0.02", "CHANNEL_SESSION_SETTLE_S": "0"})
    plain = Channel(plain.cache, ledger, settings)
    loops = [
        asyncio.create_task(
            run_rollup(
                Rollup(cache=plain.cache, ledger=ledger, settings=settings),
                cache=plain.cache, settings=settings, clock=lambda: plain.now,
            )
        )
        for _ in range(2)
    ]  # fmt: skip
    await watch(plain, 12)

    async def told() -> bool:
        return (await ledger.totals(ASSET))[0].views == 1

    await eventually(told)
    async with plain.cache.lease(LEASE, ttl=LEASE_TTL) as lease:
        assert lease is None
    await end(*loops)
    async with plain.cache.lease(LEASE, ttl=LEASE_TTL) as lease:
        assert lease is not None


async def test_an_outage_is_waited_for(
    valkey_server: Any, ledger: Ledger, eventually: Callable[..., Awaitable[None]], caplog: pytest.LogCaptureFixture
) -> None:
    settings = SessionSettings.from_env({"CHANNEL_ROLLUP_S": "0.02", "CHANNEL_SESSION_SETTLE_S": "0"})
    cache = RedisCache(valkey_server.url)
    channel = Channel(cache, ledger, settings)
    await watch(channel, 12)
    valkey_server.kill()
    loop = asyncio.create_task(run_rollup(channel.rollup, cache=cache, settings=settings, clock=lambda: channel.now))
    await eventually(lambda: "waits" in caplog.text)
    valkey_server.start()

    async def told() -> bool:
        return (await ledger.totals(ASSET))[0].views == 1

    await eventually(told)
    await end(loop)
    await cache.aclose()
