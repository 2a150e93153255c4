"""What nobody will play leaves the bucket: media of deleted assets and cancelled encodes (at once, and again, for a
worker may still have written something late), what a source that failed left when the next one is whole, and what was
replaced, once its last viewers have had their time."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from manifests import layout
from streaming.clock import utc_now
from transcoder.facts import find_loudness
from transcoder.forget import forget
from transcoder.sources.pieces import is_held, release_holds

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.ports import Cache, JobEngine, ObjectStore
    from manifests.layout import AssetId
    from streaming.catalog.model import Asset
    from streaming.catalog.service import Catalogue
    from streaming.clock import Clock

log = logging.getLogger(__name__)

_QUIET: Final = timedelta(minutes=15)
"""How long after its deletion nothing may appear any more before an asset is forgotten: no task lives that long."""

_REMEMBERED: Final = timedelta(days=1)
"""How long the media of a cancelled encode are looked for. Should no process run for a day, they go with the asset, or
when its next source is ready."""


KEPT: Final = timedelta(days=1)
_RAREST: Final = timedelta(hours=1)
"""Between two looks at what a clip held: it may have gone."""


class Sweeper:
    """Empties the bucket of deleted assets, then has the catalogue forget them; and of what was cancelled."""

    def __init__(
        self,
        *,
        store: ObjectStore,
        cache: Cache,
        jobs: JobEngine,
        catalogue: Catalogue,
        kept: timedelta = KEPT,
        clock: Clock = utc_now,
    ) -> None:
        """`kept`: how long the media of a version that was replaced stay."""
        self._store = store
        self._kept = kept
        self._cache = cache
        self._jobs = jobs
        self._catalogue = catalogue
        self._clock = clock
        self._next: dict[AssetId, datetime] = {}
        self._next_former: dict[tuple[AssetId, int], datetime] = {}
        self._silenced: set[tuple[AssetId, int]] = set()

    async def sweep(self) -> None:
        """Look at every asset whose turn it is; the longer ago its deletion or cancellation, the rarer the looks."""
        now = self._clock()
        tombstones = await self._catalogue.tombstones()
        cancelled = await self._catalogue.cancelled(now - _REMEMBERED)
        for asset in (*tombstones, *cancelled):
            if self._next.get(asset.id, now) > now:
                continue
            age = now - asset.updated_at
            # What runs is stopped first, so that nothing is written behind our back.
            await self._jobs.cancel(asset.id, version=asset.version if asset in cancelled else None)
            if asset in cancelled:
                swept = await sweep_version(self._store, asset.id, asset.version)
                # It is of no version, and a finish may have written it in the last moment.
                swept += await _delete(self._store, layout.multivariant(asset.id))
                swept += await _delete(self._store, layout.mpd(asset.id))
            else:
                swept = await self._empty(asset)
                if not swept and age > _QUIET and not await is_held(self._store, asset.id):
                    await self._catalogue.swept(asset.id)
            for version in range(1, asset.last_version + 1):
                await forget(self._cache, asset.id, version)
            if swept:
                log.info("media that nobody wants are swept", extra={"asset": asset.id, "objects": swept})
            self._next[asset.id] = now + _until_next(age)
        left = {asset.id for asset in (*tombstones, *cancelled)}
        self._next = {asset: due for asset, due in self._next.items() if asset in left}
        await self._sweep_former(now)
        await self._sweep_former_sound(now)

    async def _sweep_former(self, now: datetime) -> None:
        """Versions that were replaced, once those who played them have had time to end, or that came to nothing."""
        found = await self._catalogue.former()
        for each in found:
            name, age = (each.asset, each.version), now - each.since - (self._kept if each.played else timedelta(0))
            if age < timedelta(0) or self._next_former.get(name, now) > now:
                continue
            await self._jobs.cancel(each.asset, version=each.version)
            swept = await sweep_version(self._store, each.asset, each.version)
            await forget(self._cache, each.asset, each.version)
            if swept:
                log.info("a former version is swept", extra={"asset": each.asset, "objects": swept})
            elif age > _QUIET and not await is_held(self._store, each.asset, each.version):
                await self._catalogue.former_swept(each.asset, version=each.version)
            self._next_former[name] = now + _until_next(age)
        left = {(each.asset, each.version) for each in found}
        self._next_former = {name: due for name, due in self._next_former.items() if name in left}

    async def _sweep_former_sound(self, now: datetime) -> None:
        """Sound that was made again at its right level, once those who played the first have had time to end; and once
        more when nobody can be writing any of it."""
        found = await self._catalogue.former_sound(now - self._kept)
        for each in found:
            name, is_last = (each.asset, each.version), each.since < now - self._kept - _QUIET
            if name in self._silenced and not is_last:
                continue
            verdict = await find_loudness(self._store, each.asset, each.version)
            for track in () if verdict is None else verdict.tracks:
                if track.renewed is not None:
                    # Its gain goes first: without that nothing of it is made any more.
                    await self._store.delete([layout.gain(each.asset, each.version, track.rendition)])
                    await _delete(self._store, layout.media_prefix(each.asset, track.rendition))
            self._silenced.add(name)
            if is_last:
                await self._catalogue.former_sound_swept(each.asset, version=each.version)
        self._silenced &= {(each.asset, each.version) for each in found}

    async def supersede(self, asset: AssetId, version: int) -> None:
        """Delete what earlier sources of an asset left, now that a later one is whole."""
        for earlier in range(1, version):
            await sweep_version(self._store, asset, earlier)

    async def take_back(self, asset: AssetId, version: int) -> None:
        """Delete what was made of a source while it arrived, now that it can't be made as a whole."""
        growing = layout.growing(asset, version)
        if await self._store.head(growing) is None:
            return
        await self._jobs.cancel(asset, version=version)
        await _delete_media(self._store, asset, version)
        await self._store.delete([growing])  # last: as long as it is there this is done again

    async def _empty(self, asset: Asset) -> int:
        """Delete all that the asset has in the bucket, but pieces that clips need; returns how many objects that were.

        The sources go first: without them no task begins anything any more.
        """
        versions = range(1, asset.last_version + 1)
        for version in versions:
            await release_holds(self._store, asset.id, version)  # they may be on one another
        swept = sum([await _sweep_source(self._store, asset.id, version) for version in versions])
        prefixes = (layout.work_prefix(asset.id), layout.media_prefix(asset.id))
        return swept + sum([await _delete(self._store, prefix) for prefix in prefixes])


def _until_next(age: timedelta) -> timedelta:
    return min(max(age / 2, timedelta(seconds=2)), _RAREST)


async def _sweep_source(store: ObjectStore, asset: AssetId, version: int) -> int:
    """Its pieces stay as long as a clip needs them."""
    await release_holds(store, asset, version)
    held = await is_held(store, asset, version)
    prefix = layout.source_prefix(asset, version)
    return await _delete(store, prefix, lambda key: not (held and layout.source_owner(key)))


async def sweep_version(store: ObjectStore, asset: AssetId, version: int) -> int:
    """Delete all that one source of an asset left in the bucket, but pieces that clips need; returns how many objects
    that were.

    The source goes first: without it no task begins anything any more. What a plan may have listed is found by its
    name, for the plan of a source that never became whole may be gone.
    """
    swept = await _sweep_source(store, asset, version)
    swept += await _delete(store, layout.work_prefix(asset, version))
    return swept + await _delete_media(store, asset, version)


async def _delete_media(store: ObjectStore, asset: AssetId, version: int) -> int:
    return await _delete(store, layout.media_prefix(asset), lambda key: layout.media_version(key) == version)


async def _delete(store: ObjectStore, prefix: str, wanted: Callable[[str], bool] = lambda _: True) -> int:
    keys = [stat.key async for stat in store.list(prefix) if wanted(stat.key)]
    await store.delete(keys)
    return len(keys)
