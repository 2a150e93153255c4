from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select, update
from sqlalchemy.exc import IntegrityError, StatementError

from infra.errors import DatabaseUnavailable, SettingsError
from infra.sql import driver_url, metadata, open_engine, reading, transaction, utc

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncEngine

_metadata = MetaData(naming_convention=metadata.naming_convention)
things = Table(
    "things",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, unique=True, nullable=False),
    Column("seen", utc),
    Column("count", Integer, nullable=False, default=0),
)


@pytest.fixture
async def engine(sql_engine: AsyncEngine) -> AsyncEngine:
    async with transaction(sql_engine) as connection:
        await connection.run_sync(_metadata.create_all)
    return sql_engine


async def test_moments_come_back_aware_in_utc(engine: AsyncEngine) -> None:
    moment = datetime(2026, 2, 6, 20, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
    async with transaction(engine) as connection:
        await connection.execute(insert(things).values(id=1, name="opening", seen=moment))
    async with reading(engine) as connection:
        found = (await connection.execute(select(things.c.seen).where(things.c.seen == moment))).scalar_one()
    assert found == moment
    assert found.tzinfo is UTC


async def test_errors_keep_values_to_themselves(engine: AsyncEngine) -> None:
    with pytest.raises(IntegrityError) as refused:  # noqa: PT012 - the second is the one that fails
        async with transaction(engine) as connection:
            for number in (1, 2):
                await connection.execute(insert(things).values(id=1, name=f"hash-{number}"))
    assert "INSERT INTO things" in str(refused.value)
    assert "hash-2" not in str(refused.value)


async def test_a_naive_moment_is_refused(engine: AsyncEngine) -> None:
    with pytest.raises(StatementError, match="naive datetime"):
        async with transaction(engine) as connection:
            await connection.execute(insert(things).values(id=1, name="x", seen=datetime(2026, 1, 1)))  # noqa: DTZ001


async def test_an_exception_rolls_back(engine: AsyncEngine) -> None:
    with pytest.raises(KeyError):  # noqa: PT012
        async with transaction(engine) as connection:
            await connection.execute(insert(things).values(id=1, name="x"))
            raise KeyError
    async with reading(engine) as connection:
        assert (await connection.execute(select(things))).all() == []


async def test_a_broken_constraint_passes_untranslated(engine: AsyncEngine) -> None:
    async with transaction(engine) as connection:
        await connection.execute(insert(things).values(id=1, name="x"))
    with pytest.raises(IntegrityError):
        async with transaction(engine) as connection:
            await connection.execute(insert(things).values(id=2, name="x"))


async def test_concurrent_read_modify_write_loses_nothing(engine: AsyncEngine) -> None:
    """The trap of SQLite's deferred transactions: a read that turns into a write fails at once with "locked"."""
    async with transaction(engine) as connection:
        await connection.execute(insert(things).values(id=1, name="x"))

    async def add_one() -> None:
        async with transaction(engine) as connection:
            query = select(things.c.count).where(things.c.id == 1).with_for_update()
            count = (await connection.execute(query)).scalar_one()
            await asyncio.sleep(0)
            await connection.execute(update(things).values(count=count + 1))

    await asyncio.gather(*(add_one() for _ in range(20)))
    async with reading(engine) as connection:
        assert (await connection.execute(select(things.c.count))).scalar_one() == 20


async def test_readers_go_on_while_somebody_writes(engine: AsyncEngine) -> None:
    async with transaction(engine) as writer:
        await writer.execute(insert(things).values(id=1, name="x"))
        async with reading(engine) as connection:
            assert (await connection.execute(select(things))).all() == []


async def test_sqlite_checks_foreign_keys_and_keeps_a_write_ahead_log(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'deep' / 'down' / 'channel.db'}")
    async with reading(engine) as connection:
        assert (await connection.exec_driver_sql("PRAGMA foreign_keys")).scalar_one() == 1
        assert (await connection.exec_driver_sql("PRAGMA journal_mode")).scalar_one() == "wal"
    await engine.dispose()


@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:1/none", "sqlite:////proc/none/channel.db"])
async def test_an_engine_that_does_not_answer(url: str) -> None:
    with pytest.raises((DatabaseUnavailable, SettingsError)):  # noqa: PT012 - opening makes the folder
        engine = open_engine(url)
        async with transaction(engine):
            raise AssertionError("connected to nothing")


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("sqlite:////srv/channel.db", "sqlite+aiosqlite"),
        ("postgres://u:p@db/channel", "postgresql+asyncpg"),
        ("postgresql://u:p@db/channel", "postgresql+asyncpg"),
        ("postgresql+psycopg://u:p@db/channel", "postgresql+asyncpg"),
    ],
)
def test_the_driver_is_ours_to_choose(url: str, driver: str) -> None:
    assert driver_url(url).drivername == driver


def test_another_engine_is_refused_with_the_name_of_the_setting() -> None:
    with pytest.raises(SettingsError, match="CHANNEL_DATABASE_URL"):
        driver_url("mysql://db/channel")
