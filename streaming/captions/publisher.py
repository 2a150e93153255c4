"""Captions from the catalogue into the bucket, so that viewers see them: done again by anybody, it writes the same.

    SQL: the list and its cues ──▶ segments, playlists of tracks ──▶ the list as a fact ──▶ static playlists
                                                                          └──▶ SQL: viewers see this revision

Each step names only what the steps before have written. One at a time an asset, by a lease; should the lease get lost,
two write the same objects, for all but the static playlists are written once.
"""

from __future__ import annotations

import logging
import math
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import anyio

from infra.errors import CacheUnavailable, ObjectNotFound
from manifests import layout
from streaming.captions.model import Trim
from streaming.catalog.errors import AssetNotFound
from streaming.catalog.lifecycle import changes_channel
from streaming.catalog.model import VIEWABLE
from transcoder import measured as sizes
from transcoder.captions.publish import publish_list, publish_track, sweep_lists, sweep_track
from transcoder.describe.captions import length_of
from transcoder.facts import find_plan
from transcoder.static_manifests import write_manifests

if TYPE_CHECKING:
    from infra.ports import Cache, ObjectStore
    from manifests.layout import AssetId
    from streaming.captions.service import Captions
    from streaming.catalog.service import Catalogue
    from streaming.clock import Clock
    from transcoder.plan import Plan

log = logging.getLogger(__name__)

_TTL: Final = timedelta(seconds=10)
_PATIENCE_S: Final = 3.0
_LOOK_S: Final = 0.05
KEPT: Final = timedelta(days=1)
"""How long what viewers have begun to play stays after it was replaced: longer than anybody watches one asset."""


class Publisher:
    def __init__(
        self, *, store: ObjectStore, cache: Cache, catalogue: Catalogue, captions: Captions, clock: Clock
    ) -> None:
        self._store = store
        self._cache = cache
        self._catalogue = catalogue
        self._captions = captions
        self._clock = clock

    async def publish(self, asset_id: AssetId) -> bool:
        """Have viewers see the captions as they are now; False if that has to wait: for a plan, or for somebody else
        who publishes them. The sweep comes back to it.

        Raises what the store and the database raise.
        """
        try:
            with anyio.move_on_after(_PATIENCE_S) as waiting:
                while True:
                    async with self._cache.lease(f"channel:lease:captions:{asset_id}", ttl=_TTL) as lease:
                        if lease is not None:
                            # Patience is for waiting: what is begun is ended, whoever gives up.
                            waiting.deadline, waiting.shield = math.inf, True
                            return await self._publish(asset_id)
                    await anyio.sleep(_LOOK_S)
        except CacheUnavailable:
            log.warning("captions wait for Redis", extra={"asset": asset_id})
        except AssetNotFound:
            pass
        return False

    async def sweep(self) -> None:
        """Delete what no viewer can be playing any more."""
        for asset_id, rendition in await self._captions.leftovers(self._clock() - KEPT):
            await sweep_track(self._store, asset_id, rendition)
            with suppress(AssetNotFound):  # all that a deleted one has goes with it
                tracks = await self._captions.tracks(asset_id)
                await sweep_lists(self._store, asset_id, before=tracks.published)
            await self._captions.swept(asset_id, rendition)

    async def _publish(self, asset_id: AssetId) -> bool:
        while True:
            asset = await self._catalogue.get(asset_id)
            plan = await find_plan(self._store, asset_id, asset.version) if asset.state in VIEWABLE else None
            if plan is None:
                return False
            length = length_of(plan.duration)
            trims = await self._trims(plan)
            tracks, cues = await self._captions.prepare(asset_id, version=plan.version, length=length, trims=trims)
            if tracks.revision == 0:
                return True
            for track in tracks.tracks:
                await publish_track(self._store, asset_id, track.rendition_id, cues[track.number], length=length)
            await publish_list(self._store, asset_id, tracks.listed())
            await self._write_static(plan)
            latest = await self._captions.published(tracks, version=plan.version)
            await self._cache.publish(changes_channel(asset_id), b"")
            if latest:
                return True

    async def _trims(self, plan: Plan) -> list[Trim]:
        """How a version came to be of earlier ones of its asset, oldest first, as far as their plans are there."""
        trims: list[Trim] = []
        at: Plan | None = plan
        while at is not None and at.parent is not None and at.parent.asset == at.asset:
            begin = round(at.parent.begin * 1000)
            trims.append(Trim(version=at.version, begin=begin, length=length_of(at.duration)))
            at = await find_plan(self._store, at.asset, at.parent.version)
        return trims[::-1]

    async def _write_static(self, plan: Plan) -> None:
        try:
            measured = sizes.load(await self._store.read(layout.measured(plan.asset, plan.version)))
        except ObjectNotFound:
            return  # the finish, which writes it first of all, will find the list
        await write_manifests(self._store, plan, measured)
