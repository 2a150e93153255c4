"""Key pictures of a live event, as the multivariant playlist names them: of which rungs, and at what rates.

While an event runs nobody knows what its pictures will be. The peak that is declared then is one that they never pass
(Apple's rule 1.29): what the encoder's buffer holds, once a segment. What they take on average is measured, since that
of a representative period is what counts (RFC 8216bis §4.4.6.2). Once it is over both are as measured.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Final

from manifests import bandwidth
from manifests.bandwidth import Rates
from manifests.hls import IFrameVariant, Resolution
from transcoder.iframes import lowest_and_middle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manifests.layout import RenditionId
    from manifests.live.state import LiveRendition
    from transcoder.live.event import LiveEvent
    from transcoder.plan import VideoRung

URI: Final = "iframes.m3u8"
"""Of an I-frame playlist, relative to the media playlist of its rendition."""
_REPRESENTATIVE: Final = 30
"""Pictures, a minute of them."""
_HEADERS: Final = 8 * 1024
"""Bits in front of a picture at the most: the `moof` of a part, and the header of its `mdat`."""


def shown_in_trick_play(event: LiveEvent) -> tuple[RenditionId, ...]:
    """The rungs that have an I-frame playlist: those that an asset has one of."""
    return lowest_and_middle(event.rungs)


def iframe_variants(event: LiveEvent, states: Mapping[RenditionId, LiveRendition]) -> tuple[IFrameVariant, ...]:
    """EXT-X-I-FRAME-STREAM-INF of every rung that has one, by rising bandwidth; URIs as in `multivariant`."""
    shown = shown_in_trick_play(event)
    variants = [_variant(event, rung, states.get(rung.id)) for rung in event.rungs if rung.id in shown]
    return tuple(sorted(variants, key=lambda variant: variant.bandwidth))


def _variant(event: LiveEvent, rung: VideoRung, state: LiveRendition | None) -> IFrameVariant:
    rates = _rates(event, rung, state)
    return IFrameVariant(
        uri=f"{rung.id}/{URI}",
        bandwidth=rates.peak,
        average_bandwidth=rates.average,
        codecs=(rung.codecs,),
        resolution=Resolution(width=rung.width, height=rung.height),
    )


def _rates(event: LiveEvent, rung: VideoRung, state: LiveRendition | None) -> Rates:
    measured = None if state is None else _measured(state)
    if measured is not None and state is not None and state.ended:
        return measured
    peak = min(rung.bandwidth, ceil(Fraction(rung.bufsize + _HEADERS) / event.grid.segment_s))
    # The key pictures are a part of the rung, and so is what they take.
    average = min(peak, rung.average)
    if measured is None or state is None or len(state.segments) < _REPRESENTATIVE:
        return Rates(peak=peak, average=average)
    return Rates(peak=max(peak, measured.average), average=measured.average)


def _measured(state: LiveRendition) -> Rates | None:
    """Of all pictures that are listed; None: there are none."""
    shown = [segment for segment in state.segments if segment.picture]
    if not shown:
        return None
    return bandwidth.measure(
        [segment.picture for segment in shown], [segment.duration for segment in shown],
        timescale=state.pace.timescale, target_duration=state.pace.target_duration,
    )  # fmt: skip
