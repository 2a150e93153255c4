"""The key pictures of one rung as an I-frame playlist, for scrubbing and fast playback (Apple's rules 6.1, 6.8, 6.10).

It lists byte ranges of the segments that are played anyway, so it costs no storage. It is there once the encode is:
until then nobody knows how large a picture comes to be.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from manifests import bandwidth, layout
from manifests.hls import ByteRange, IFrameVariant, Map, MediaPlaylist, Resolution, Segment
from manifests.hls.media import target_duration
from transcoder.describe.encryption import segment_keys
from transcoder.describe.media_playlist import VERSION
from transcoder.describe.timing import Timing

if TYPE_CHECKING:
    from manifests.layout import RenditionId
    from transcoder.describe.uris import UriOf
    from transcoder.measured import IFrame, Measured
    from transcoder.plan import Plan, VideoPlan, VideoRung


def iframes(plan: Plan, measured: Measured, rendition: RenditionId, *, uri_of: UriOf) -> MediaPlaylist:
    """The I-frame playlist of a rung. Raises KeyError for a rendition that has none."""
    video, rung = _rung(plan, rendition)
    found = measured.renditions[rendition].iframes
    if not found:
        raise KeyError(rendition)
    durations = iter(_timing(video, rung, found).durations())
    segments = tuple(
        Segment(
            uri=uri_of(layout.segment(plan.asset, rendition, number)),
            duration=next(durations),
            byte_range=ByteRange(start=each.start, length=each.length),
            keys=() if place else segment_keys(plan, rendition, number),
        )
        for number, of_segment in enumerate(found)
        for place, each in enumerate(of_segment)
    )
    return MediaPlaylist(
        version=VERSION,
        # Of its own: playlists of I-frames need not have that of the others (RFC 8216bis §6.2.4).
        target_duration=target_duration(each.duration for each in segments),
        playlist_type="VOD",
        iframes_only=True,
        independent_segments=True,
        map=Map(uri=uri_of(layout.init(plan.asset, rendition))),
        segments=segments,
        ended=True,
    )


def iframe_variants(plan: Plan, measured: Measured | None, *, uri_of: UriOf) -> tuple[IFrameVariant, ...]:
    """EXT-X-I-FRAME-STREAM-INF of every rung that has one, by rising bandwidth; none until it is measured."""
    if plan.video is None or measured is None:
        return ()
    variants = [
        _variant(plan, plan.video, rung, measured.renditions[rung.id].iframes, uri_of)
        for rung in plan.video.rungs
        if measured.renditions[rung.id].iframes
    ]
    return tuple(sorted(variants, key=lambda variant: variant.bandwidth))


def _variant(
    plan: Plan, video: VideoPlan, rung: VideoRung, found: tuple[tuple[IFrame, ...], ...], uri_of: UriOf
) -> IFrameVariant:
    timing = _timing(video, rung, found)
    rates = bandwidth.measure(
        [each.length for of_segment in found for each in of_segment], timing.ticks,
        timescale=timing.timescale, target_duration=target_duration(timing.durations()),
    )  # fmt: skip
    return IFrameVariant(
        uri=uri_of(layout.iframe_playlist(plan.asset, rung.id)),
        bandwidth=rates.peak,
        average_bandwidth=rates.average,
        codecs=(rung.codecs,),
        resolution=Resolution(width=rung.width, height=rung.height),
    )


def _rung(plan: Plan, rendition: RenditionId) -> tuple[VideoPlan, VideoRung]:
    if plan.video is not None:
        for rung in plan.video.rungs:
            if rung.id == rendition:
                return plan.video, rung
    raise KeyError(rendition)


def _timing(video: VideoPlan, rung: VideoRung, found: tuple[tuple[IFrame, ...], ...]) -> Timing:
    """Each key picture lasts until the next one is shown, the last to the end (RFC 8216bis §4.4.3.6)."""
    shown = [
        video.frames_of(number).start + each.sample * rung.divisor
        for number, of_segment in enumerate(found)
        for each in of_segment
    ]
    frame = video.rate.denominator
    ticks = tuple((end - begin) * frame for begin, end in pairwise([*shown, video.frames]))
    return Timing(ticks=ticks, timescale=video.rate.numerator)
