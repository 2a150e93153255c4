"""The manifests of an asset in the bucket: the one place that writes them, whatever it is that changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from manifests import layout, media_types
from transcoder.captions.listed import find_captions
from transcoder.describe import static_playlists

if TYPE_CHECKING:
    from infra.ports import ObjectStore
    from transcoder.measured import Measured
    from transcoder.plan import Plan

_KEPT: Final = "public, max-age=300"
"""A later version of the source writes its playlists under the same keys (segments never share one)."""


async def write_manifests(store: ObjectStore, plan: Plan, measured: Measured) -> None:
    """Write every static manifest of a finished asset, with the captions that it lists. Again, it writes the same.

    Whoever changes the captions writes their list first, then calls this. Of several that do so at a time, each looks
    at the list again when it has written: the last of them has seen the last list.
    """
    captions = None
    while captions != (now := await find_captions(store, plan.asset)):
        captions = now
        for key, manifest in static_playlists(plan, measured, captions=now.of(plan.version)).items():
            content_type = media_types.MPD if key == layout.mpd(plan.asset) else media_types.M3U8
            await store.put(key, manifest.encode(), content_type=content_type, cache_control=_KEPT)
