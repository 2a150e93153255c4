"""One rendition of a plan as an HLS media playlist.

Apple's rules 8.6 and 8.8: VOD with an end from the first moment; EVENT for what is played while its source arrives.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final

from manifests import layout
from manifests.hls import Map, MediaPlaylist, Segment
from transcoder.describe.encryption import segment_keys
from transcoder.describe.timing import target_duration, timings

if TYPE_CHECKING:
    from manifests.layout import RenditionId
    from transcoder.describe.uris import UriOf
    from transcoder.plan import Plan

VERSION: Final = 6
"""EXT-X-VERSION: an EXT-X-MAP in a playlist that is not I-frames only needs 6 (RFC 8216bis §8)."""


def media(plan: Plan, rendition: RenditionId, *, uri_of: UriOf, ended: bool = True) -> MediaPlaylist:
    """The media playlist of one rendition. Raises KeyError for a rendition that the plan lacks.

    It never changes, but for a plan that grows (`ended` False): segments are added at its end. Such a playlist stays an
    EVENT for good, for nothing in it may change but by lines at its end (RFC 8216bis §6.2.1); with an end in it players
    take it for what it is.
    """
    timing_of = timings(plan)
    return MediaPlaylist(
        version=VERSION,
        target_duration=target_duration(plan, timing_of),
        playlist_type="EVENT" if plan.grown else "VOD",
        independent_segments=True,
        # Players begin an EVENT that has no end near what came last; this one is a recording.
        start=Fraction(0) if plan.grown else None,
        map=Map(uri=uri_of(layout.init(plan.asset, rendition))),
        segments=tuple(
            Segment(
                uri=uri_of(layout.segment(plan.asset, rendition, number)),
                duration=duration,
                keys=segment_keys(plan, rendition, number),
            )
            for number, duration in enumerate(timing_of[rendition].durations())
        ),
        ended=ended,
    )
