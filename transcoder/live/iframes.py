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
    from collections.abc import Mapping, Sequence

    from manifests.layout import RenditionId
    from manifests.live.state import LiveRendition, LiveSegment, Pace
    from transcoder.live.event import LiveEvent
    from transcoder.plan import VideoRung

URI: Final = "iframes.m3u8"
"""Of an I-frame playlist, relative to the media playlist of its rendition."""
_LEAST: Final = 30
_MOST: Final = 300
"""Pictures of a representative period: a minute, and the latest ten."""
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
    if state is not None and state.ended:
        measured = _measured(state.segments, state.pace)
        if measured is not None:
            return measured
    peak = min(rung.bandwidth, ceil(Fraction(rung.bufsize + _HEADERS) / event.grid.segment_s))
    # The key pictures are a part of the rung, and so is what they take.
    average = min(peak, rung.average)
    if state is not None and len(state.segments) >= _LEAST:
        measured = _measured(state.segments[-_MOST:], state.pace)
        average = average if measured is None else measured.average
    return Rates(peak=max(peak, average), average=average)


def _measured(segments: Sequence[LiveSegment], pace: Pace) -> Rates | None:
    """Of the pictures of these segments; None: they have none."""
    shown = [segment for segment in segments if segment.picture]
    if not shown:
        return None
    return bandwidth.measure(
        [segment.picture for segment in shown], [segment.duration for segment in shown],
        timescale=pace.timescale, target_duration=pace.target_duration,
    )  # fmt: skip
