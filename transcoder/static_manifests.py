"""The manifests of an asset in the bucket: the one place that writes them, whatever it is that changed.

Those of renditions lie beside their media, and belong to one version of the source. Those that name the renditions lie
above them, one set an asset: whoever knows which version is played writes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from manifests import layout, media_types
from transcoder import measured as sizes
from transcoder.captions.listed import find_captions
from transcoder.describe import static_manifests
from transcoder.facts import find_plan

if TYPE_CHECKING:
    from infra.ports import ObjectStore
    from manifests.layout import AssetId
    from transcoder.measured import Measured
    from transcoder.plan import Plan

_KEPT: Final = "public, max-age=300"
_NAMING_KEPT: Final = "public, max-age=10"
"""They are written over when the source is replaced, or the captions change."""


async def write_manifests(store: ObjectStore, plan: Plan, measured: Measured, *, naming: bool = True) -> None:
    """Write every static manifest of a finished asset, with the captions that it lists. Again, it writes the same.

    Whoever changes the captions writes their list first, then calls this. Of several that do so at a time, each looks
    at the list again when it has written: the last of them has seen the last list. `naming` False leaves out those that
    name the renditions: this version may not be the one that is played.
    """
    captions = None
    while captions != (now := await find_captions(store, plan.asset)):
        captions = now
        found = static_manifests(plan, measured, captions=now.of(plan.version))
        if naming and layout.mpd(plan.asset) not in found:
            # The version before may have had one.
            await store.delete([layout.mpd(plan.asset)])
        for key, manifest in found.items():
            names = layout.is_naming(key)
            if naming or not names:
                content_type = media_types.MPD if key == layout.mpd(plan.asset) else media_types.M3U8
                kept = _NAMING_KEPT if names else _KEPT
                await store.put(key, manifest.encode(), content_type=content_type, cache_control=kept)


async def enlist(store: ObjectStore, asset: AssetId, version: int) -> None:
    """Let the asset's own static manifests name this version, all of which is there. Nothing if it is gone. Raises
    ObjectNotFound if it was never finished."""
    plan = await find_plan(store, asset, version)
    if plan is not None:
        await write_manifests(store, plan, sizes.load(await store.read(layout.measured(asset, version))))
