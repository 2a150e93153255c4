"""Versions of assets that are played no more, or never were, and whose media are still to be swept: rows of
`former_versions`; and sound that was made again at its right level: rows of `former_sound`. Written in the transaction
that makes them former, so that none is forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from manifests.layout import AssetId
from streaming.catalog.tables import assets, former_sound, former_versions

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerVersion:
    """`played`: it was the one that viewers got until `since`, and some may still be playing it."""

    asset: AssetId
    version: int
    played: bool
    since: datetime


async def note(connection: AsyncConnection, number: int, version: int, *, played: bool, since: datetime) -> None:
    """To be called with the asset's row locked; a version that is noted already stays as it is."""
    mine = (former_versions.c.asset == number, former_versions.c.version == version)
    if (await connection.execute(select(former_versions.c.version).where(*mine))).one_or_none() is None:
        values = {"asset": number, "version": version, "played": played, "since": since}
        await connection.execute(insert(former_versions).values(values))


async def every(connection: AsyncConnection) -> list[FormerVersion]:
    """All of assets that are not deleted (those are swept as a whole), oldest first."""
    query = (
        select(assets.c.id, former_versions.c.version, former_versions.c.played, former_versions.c.since)
        .join(assets, assets.c.number == former_versions.c.asset)
        .where(assets.c.deleted_at.is_(None))
        .order_by(former_versions.c.since)
    )
    return [
        FormerVersion(asset=AssetId(row.id), version=row.version, played=row.played, since=row.since)
        for row in await connection.execute(query)
    ]


async def drop(connection: AsyncConnection, asset: AssetId, version: int) -> None:
    """Nothing of it is left."""
    number = select(assets.c.number).where(assets.c.id == asset).scalar_subquery()
    mine = (former_versions.c.asset == number, former_versions.c.version == version)
    await connection.execute(delete(former_versions).where(*mine))


async def note_sound(connection: AsyncConnection, number: int, version: int, *, since: datetime) -> None:
    """To be called with the asset's row locked, once for each version."""
    await connection.execute(insert(former_sound).values(asset=number, version=version, since=since))


async def sound(connection: AsyncConnection, before: datetime) -> list[FormerVersion]:
    """Versions whose former sound has been so since before then."""
    query = (
        select(assets.c.id, former_sound.c.version, former_sound.c.since)
        .join(assets, assets.c.number == former_sound.c.asset)
        .where(assets.c.deleted_at.is_(None), former_sound.c.since < before)
    )
    return [
        FormerVersion(asset=AssetId(row.id), version=row.version, played=True, since=row.since)
        for row in await connection.execute(query)
    ]


async def drop_sound(connection: AsyncConnection, asset: AssetId, version: int) -> None:
    """Nothing of it is left."""
    number = select(assets.c.number).where(assets.c.id == asset).scalar_subquery()
    mine = (former_sound.c.asset == number, former_sound.c.version == version)
    await connection.execute(delete(former_sound).where(*mine))
