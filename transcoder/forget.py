"""What Redis knows of a version that nobody makes any more goes at once. Whatever is missed runs out by itself."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from infra.errors import CacheUnavailable
from transcoder.progress import known_keys, known_tracks
from transcoder.schedule import claims
from transcoder.schedule.front import speed_key

if TYPE_CHECKING:
    from infra.ports import Cache
    from manifests.layout import AssetId


async def forget(cache: Cache, asset: AssetId, version: int) -> None:
    """Drop counts, claims and speeds. Raises nothing."""
    with suppress(CacheUnavailable):
        speeds = [speed_key(f"{asset}/{version}", track) for track in await known_tracks(cache, asset, version)]
        await cache.delete(*known_keys(asset, version), claims.key(asset, version), *speeds)
