"""Every way to watch a live event, as an HLS multivariant playlist: as that of an asset, from what is declared.

Rules: Apple's HLS authoring specification 9.1–9.5, 9.11, 9.13–9.15, 1.32 (see describe/multivariant_playlist.py).
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final

from manifests.hls import MediaRendition, MultivariantPlaylist, Resolution, Variant
from transcoder.live.iframes import iframe_variants

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manifests.layout import RenditionId
    from manifests.live.state import LiveRendition
    from transcoder.live.event import LiveEvent
    from transcoder.plan import VideoRung

_VERSION: Final = 6
_GROUP: Final = "audio"
_FIRST: Final = 2_000_000
"""b/s that the first listed variant comes near to (rule 1.32)."""


def multivariant(event: LiveEvent, states: Mapping[RenditionId, LiveRendition]) -> MultivariantPlaylist:
    """URIs are relative to it: `{rendition}/index.m3u8`. What `states` tell is how large key pictures are."""
    sound = event.sound
    variants = sorted((_variant(event, rung) for rung in event.rungs), key=lambda each: each.bandwidth)
    first = min(variants, key=lambda each: abs((each.average_bandwidth or each.bandwidth) - _FIRST))
    return MultivariantPlaylist(
        version=_VERSION,
        independent_segments=True,
        renditions=(
            MediaRendition(
                type="AUDIO", group=_GROUP, name="Sound", default=True, autoselect=True,
                channels=str(sound.channels), uri=f"{sound.id}/index.m3u8",
            ),
        ),
        variants=(first, *(each for each in variants if each is not first)),
        iframe_variants=iframe_variants(event, states),
    )  # fmt: skip


def _variant(event: LiveEvent, rung: VideoRung) -> Variant:
    return Variant(
        uri=f"{rung.id}/index.m3u8",
        bandwidth=rung.bandwidth + event.sound.bandwidth,
        average_bandwidth=rung.average + event.sound.bitrate,
        codecs=(rung.codecs, event.sound.codecs),
        resolution=Resolution(width=rung.width, height=rung.height),
        frame_rate=Fraction(event.grid.rate, rung.divisor),
        audio=_GROUP,
    )
