from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from infra.memory import MemoryCache, MemoryEngine
from infra.sql import open_engine
from streaming.catalog.listing import ListQuery
from streaming.catalog.service import Catalogue
from streaming.migrate import MigrationFailed, is_ours, upgrade
from streaming.tables import metadata

if TYPE_CHECKING:
    from sqlalchemy import Connection


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"include_object": is_ours, "compare_type": True})
    return list(compare_metadata(context, metadata))


async def test_the_migrations_make_the_tables_of_the_code(database_url: str) -> None:
    await upgrade(database_url)
    engine = open_engine(database_url)
    async with engine.connect() as connection:
        found = await connection.run_sync(differences)
    await engine.dispose()
    assert found == []


async def test_several_processes_may_migrate_at_once_and_again(database_url: str) -> None:
    await asyncio.gather(*(upgrade(database_url) for _ in range(3)))
    await upgrade(database_url)


async def test_the_migrated_database_can_search(database_url: str) -> None:
    await upgrade(database_url)
    engine = open_engine(database_url)
    catalogue = Catalogue(sql=engine, cache=MemoryCache(), jobs=MemoryEngine())
    asset = await catalogue.create(titles={"en": "Women's final"}, created_by="ann")
    found = await catalogue.list(ListQuery(public=False, q="final"))
    async with engine.connect() as connection:
        tables, indexes = "SELECT name FROM sqlite_master", "SELECT indexname FROM pg_indexes"
        made = await connection.execute(text(tables if connection.dialect.name == "sqlite" else indexes))
        assert "asset_search" in made.scalars().all()
    await engine.dispose()
    assert [each.id for each in found.assets] == [asset.id]


async def test_a_database_of_a_newer_version_is_left_alone(database_url: str) -> None:
    await upgrade(database_url)
    engine = open_engine(database_url)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = 'ffffffffffff'"))
    await engine.dispose()
    with pytest.raises(MigrationFailed, match="newer version"):
        await upgrade(database_url)
