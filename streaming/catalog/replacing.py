"""A source that takes the place of the one that is played, at the same URL, once all of it is encoded.

Until then the asset is what it was: the columns `next_…` of its row are all that is known of the other. The switch is
one transaction on that row, and happens when every object of the new version is in the bucket: before that nobody can
know that the whole of it can be encoded, and a viewer would wait for what the old version has at once. Only where the
old version cannot be played (it failed meanwhile) the new plan is enough. Who plays the old version plays it on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from infra.sql import reading, transaction
from streaming.catalog import former
from streaming.catalog.errors import NoReplacement
from streaming.catalog.lifecycle import NO_FAILURE, Lifecycle, log
from streaming.catalog.model import ENCODING, Asset, AssetState, Replacement
from streaming.catalog.rows import NO_REPLACEMENT, asset_of, replacement_of
from streaming.catalog.tables import assets

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from manifests.layout import AssetId
    from streaming.catalog.former import FormerVersion
    from transcoder.facts import Failure
    from transcoder.plan import Plan


class Replacing(Lifecycle):
    """The replacements' life in the rows. Part of `Catalogue`. Each step may be told twice, or too late."""

    async def replacement_planned(self, asset_id: AssetId, plan: Plan) -> Asset:
        """The plan of a replacement stands. Raises AssetNotFound."""
        async with transaction(self._sql) as connection:
            row = await self._locked(connection, asset_id)
            coming = _coming(row, plan.version)
            if coming is not None and coming.state in ENCODING and AssetState(row.state) is AssetState.FAILED:
                asset = await self._switch(connection, row, coming, plan, AssetState.PLAYABLE)
            elif coming is not None and coming.state is AssetState.INDEXING:
                asset = await self._change(connection, row, {"next_state": AssetState.PLAYABLE.value})
            else:
                return asset_of(row)
        await self._announce(asset_id)
        return asset

    async def replaced(self, asset_id: AssetId, plan: Plan, *, resounded: bool = False) -> Asset:
        """Every object of a replacement is in the bucket: from here on it is the asset. `resounded`: see `ready`.
        Raises AssetNotFound."""
        async with transaction(self._sql) as connection:
            row = await self._locked(connection, asset_id)
            coming = _coming(row, plan.version)
            if coming is None or coming.state not in ENCODING:
                return asset_of(row)
            asset = await self._switch(connection, row, coming, plan, AssetState.READY)
            if resounded:
                await former.note_sound(connection, row.number, coming.version, since=self._clock())
        log.info("asset is replaced", extra={"asset": asset_id, "version": plan.version})
        await self._announce(asset_id)
        return asset

    async def replacement_failed(self, asset_id: AssetId, failure: Failure, *, version: int) -> Asset:
        """A replacement cannot be made; what is played stays. The first reason stays. Raises AssetNotFound."""
        async with transaction(self._sql) as connection:
            row = await self._locked(connection, asset_id)
            coming = _coming(row, version)
            if coming is None or coming.state is AssetState.FAILED:
                return asset_of(row)
            await former.note(connection, row.number, version, played=False, since=self._clock())
            values = {
                "next_state": AssetState.FAILED.value, "next_failure_code": failure.code,
                "next_failure_message": failure.message, "next_failure_cause": failure.cause,
            }  # fmt: skip
            asset = await self._change(connection, row, values)
        await self._announce(asset_id)
        return asset

    async def cancel_replacement(self, asset_id: AssetId) -> Asset:
        """Give up the source that is on its way, or forget why it failed. Raises AssetNotFound, NoReplacement."""
        async with transaction(self._sql) as connection:
            row = await self._locked(connection, asset_id)
            coming = replacement_of(row)
            if coming is None:
                raise NoReplacement
            await former.note(connection, row.number, coming.version, played=False, since=self._clock())
            asset = await self._change(connection, row, NO_REPLACEMENT)
        await self._stop_tasks(asset_id, version=coming.version)
        await self._announce(asset_id)
        return asset

    async def unlisted(self) -> list[Asset]:
        """Ready assets that the bucket's own playlists do not name yet."""
        stale = assets.c.listed.is_distinct_from(assets.c.version)
        mine = (assets.c.state == AssetState.READY.value, stale, assets.c.deleted_at.is_(None))
        async with reading(self._sql) as connection:
            return [asset_of(row) for row in await connection.execute(select(assets).where(*mine))]

    async def listed(self, asset_id: AssetId, *, version: int) -> None:
        """The bucket's own playlists name this version. Raises AssetNotFound."""
        async with transaction(self._sql) as connection:
            row = await self._locked(connection, asset_id)
            if row.version == version:
                await self._change(connection, row, {"listed": version})

    async def former(self) -> list[FormerVersion]:
        """Versions of assets whose media are still to be swept."""
        async with reading(self._sql) as connection:
            return await former.every(connection)

    async def former_swept(self, asset_id: AssetId, *, version: int) -> None:
        """Nothing of a former version is left."""
        async with transaction(self._sql) as connection:
            await former.drop(connection, asset_id, version)

    async def former_sound(self, before: datetime) -> list[FormerVersion]:
        """Versions with sound beside them that was made again, and listed no more since before then."""
        async with reading(self._sql) as connection:
            return await former.sound(connection, before)

    async def former_sound_swept(self, asset_id: AssetId, *, version: int) -> None:
        """Nothing of a version's former sound is left."""
        async with transaction(self._sql) as connection:
            await former.drop_sound(connection, asset_id, version)

    async def _switch(
        self, connection: AsyncConnection, row: Row[Any], coming: Replacement, plan: Plan, state: AssetState
    ) -> Asset:
        await former.note(connection, row.number, row.version, played=True, since=self._clock())
        video = plan.video
        values = {
            "state": state.value, "version": coming.version, "growing": None, **NO_FAILURE, **NO_REPLACEMENT,
            "source_filename": coming.source_filename, "source_size": coming.source_size,
            "duration_s": float(plan.duration), "width": None if video is None else video.width,
            "height": None if video is None else video.height, "encryption": plan.encryption.value,
        }  # fmt: skip
        return await self._change(connection, row, values)


def _coming(row: Row[Any], version: int) -> Replacement | None:
    found = replacement_of(row)
    return found if found is not None and found.version == version else None
