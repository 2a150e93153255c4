"""What the bucket holds of an asset beside its media, so that it plays alone behind any CDN."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manifests import layout
from transcoder.describe.iframe_playlist import iframes
from transcoder.describe.media_playlist import media
from transcoder.describe.mpd import mpd
from transcoder.describe.multivariant_playlist import multivariant
from transcoder.describe.uris import beside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manifests.layout import AssetId
    from transcoder.captions.listed import ListedTrack
    from transcoder.measured import Measured
    from transcoder.plan import Plan


def static_manifests(plan: Plan, measured: Measured, *, captions: Sequence[ListedTrack] = ()) -> dict[str, str]:
    """Every manifest of a finished asset by its key, with relative URIs: the bucket plays alone behind any CDN."""
    asset: AssetId = plan.asset
    found = {
        layout.media_playlist(asset, rendition): media(
            plan, rendition, uri_of=beside(layout.media_prefix(asset, rendition))
        ).render()
        for rendition in plan.renditions()
    }
    found |= {
        layout.iframe_playlist(asset, rendition): iframes(
            plan, measured, rendition, uri_of=beside(layout.media_prefix(asset, rendition))
        ).render()
        for rendition in plan.renditions()
        if measured.renditions[rendition].iframes
    }
    relative = beside(layout.media_prefix(asset))
    found[layout.multivariant(asset)] = multivariant(plan, measured, captions=captions, uri_of=relative).render()
    if plan.encryption.has_dash:
        found[layout.mpd(asset)] = mpd(plan, measured, captions=captions, uri_of=relative).render()
    return found
