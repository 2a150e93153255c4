"""Assets that can be played from the moment on at which they exist: everything of theirs is written first.

Until then the row is a promise: deleted already, as of a moment to come. Nobody sees it; and should the process that
made it be killed, all that it has written is swept like that of any deleted asset.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from infra.errors import EngineUnavailable
from infra.sql import transaction
from manifests.layout import is_name
from streaming.catalog.errors import AssetNotFound
from streaming.catalog.lifecycle import log
from streaming.catalog.model import AssetState
from streaming.catalog.replacing import Replacing
from streaming.catalog.tables import assets
from transcoder.windows import index_task

if TYPE_CHECKING:
    from manifests.layout import AssetId
    from streaming.catalog.model import Asset
    from transcoder.plan import Plan

KEPT_WITHIN: Final = timedelta(minutes=2)
"""Longer than it takes to write plans and lists of pieces to a bucket that is slow."""


class Promises(Replacing):
    """Part of `Catalogue`. What `create` has promised is kept, or it has never been."""

    async def keep(self, asset_id: AssetId, plan: Plan, *, exact: Plan | None = None) -> Asset:
        """It exists: `plan` is played, and `exact` is to take its place when all of it is there.

        The work that is most urgent is asked for. Raises AssetNotFound if the promise was not kept in time.
        """
        async with transaction(self._sql) as connection:
            query = select(assets).where(assets.c.id == asset_id, assets.c.deleted_at > self._clock())
            row = (await connection.execute(query.with_for_update())).one_or_none() if is_name(asset_id) else None
            if row is None:
                raise AssetNotFound
            video, last = plan.video, exact or plan
            values = {
                "deleted_at": None, "state": AssetState.PLAYABLE.value, "version": plan.version,
                "last_version": last.version, "source_size": plan.source.size, "duration_s": float(plan.duration),
                "width": None if video is None else video.width, "height": None if video is None else video.height,
                "encryption": plan.encryption.value,
            }  # fmt: skip
            if exact is not None:
                values |= {
                    "next_version": exact.version, "next_state": AssetState.PLAYABLE.value,
                    "next_size": exact.source.size,
                }  # fmt: skip
            asset = await self._change(connection, row, values)
        try:
            # Of the first only what viewers ask for is made, unless the other is long in coming: see the reconciler.
            await self._jobs.enqueue(index_task(asset_id, last.version, tenant=asset.created_by))
        except EngineUnavailable:
            log.warning("queued by the reconciler, for want of the job engine", extra={"asset": asset_id})
        await self._announce(asset_id)
        return asset
