"""The manifests of an asset in the bucket: the one place that writes them, whatever it is that changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from manifests import media_types
from transcoder.describe import static_playlists

if TYPE_CHECKING:
    from infra.ports import ObjectStore
    from transcoder.measured import Measured
    from transcoder.plan import Plan

_KEPT: Final = "public, max-age=300"
"""A later version of the source writes its playlists under the same keys (segments never share one)."""


async def write_manifests(store: ObjectStore, plan: Plan, measured: Measured) -> None:
    """Write every static manifest of a finished asset. Running it again writes the same."""
    for key, playlist in static_playlists(plan, measured).items():
        await store.put(key, playlist.encode(), content_type=media_types.M3U8, cache_control=_KEPT)
