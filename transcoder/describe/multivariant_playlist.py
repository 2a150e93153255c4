"""Every way to play an asset, as an HLS multivariant playlist.

Rules that shape it (Apple's HLS authoring specification unless another source is named): 9.1–9.5 CODECS, RESOLUTION,
demuxed audio; 9.11 INDEPENDENT-SEGMENTS; 9.13–9.15 rates; 9.16 no VIDEO-RANGE, since every rung is SDR; 1.32 the first
variant near 2 Mb/s; 9.19 SCORE where there are several codecs, for their bandwidths do not tell which looks better.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from manifests import bandwidth, layout
from manifests.bandwidth import Rates
from manifests.hls import MultivariantPlaylist, Resolution, Variant, decimals
from transcoder.describe.captions import CAPTION_GROUP, caption_renditions
from transcoder.describe.encryption import session_keys
from transcoder.describe.iframe_playlist import iframe_variants
from transcoder.describe.media_playlist import VERSION
from transcoder.describe.rates import rates
from transcoder.describe.sound import SURROUND, audio_groups, audio_renditions, default_track
from transcoder.profile import Codec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manifests.layout import RenditionId
    from transcoder.captions.listed import ListedTrack
    from transcoder.describe.uris import UriOf
    from transcoder.measured import Measured
    from transcoder.plan import AudioPlan, Plan, VideoPlan, VideoRung

FIRST_VARIANT: Final = 2_000_000
"""b/s that the first listed variant comes near to (rule 1.32)."""


def _variants(plan: Plan, rate_of: dict[RenditionId, Rates], uri_of: UriOf) -> list[Variant]:
    """Every rung with every audio group: stereo before surround."""
    groups = audio_groups(plan)
    if plan.video is None:
        return [_sound_alone(plan, group, tracks, rate_of, uri_of) for group, tracks in groups.items()]
    choices: list[tuple[str | None, Sequence[AudioPlan]]] = [*groups.items()]
    return [
        _with_sound(plan.video, rung, group, tracks, rate_of, uri_of(layout.media_playlist(plan.asset, rung.id)))
        for group, tracks in choices or [(None, ())]
        for rung in plan.video.rungs
    ]


def _sound_alone(
    plan: Plan, group: str | None, tracks: Sequence[AudioPlan], rate_of: dict[RenditionId, Rates], uri_of: UriOf
) -> Variant:
    """The variant's own playlist is the default track; another of the group takes its place and is not added to it."""
    dearest = bandwidth.together(Rates(peak=0, average=0), [[rate_of[track.id] for track in tracks]])
    return Variant(
        uri=uri_of(layout.media_playlist(plan.asset, default_track(tracks).id)),
        bandwidth=dearest.peak,
        average_bandwidth=dearest.average,
        codecs=_codecs(tracks),
        audio=group,
    )


def _with_sound(
    video: VideoPlan, rung: VideoRung, group: str | None, tracks: Sequence[AudioPlan],
    rate_of: dict[RenditionId, Rates], uri: str,
) -> Variant:  # fmt: skip
    total = bandwidth.together(rate_of[rung.id], [[rate_of[track.id] for track in tracks]] if tracks else [])
    return Variant(
        uri=uri,
        bandwidth=total.peak,
        average_bandwidth=total.average,
        codecs=(rung.codecs, *_codecs(tracks)),
        resolution=Resolution(width=rung.width, height=rung.height),
        frame_rate=decimals.round_half_up(video.rate / rung.divisor, 3),
        audio=group,
        score=_score(video, rung) if len(video.codecs) > 1 else None,
    )


def _score(video: VideoPlan, rung: VideoRung) -> Fraction:
    """The rung's place by what is seen: the larger, the better; of one size the codec that needs fewer bits for it."""
    order = sorted(video.rungs, key=lambda each: (each.width * each.height, video.codecs.index(each.codec)))
    return Fraction(order.index(rung) + 1)


def _codecs(tracks: Sequence[AudioPlan]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(track.codecs for track in tracks))


def multivariant(
    plan: Plan, measured: Measured | None, *, captions: Sequence[ListedTrack] = (), uri_of: UriOf
) -> MultivariantPlaylist:
    """The multivariant playlist: the variant to start with first (in stereo), then the others by rising bandwidth."""
    subtitles = CAPTION_GROUP if captions else None
    # No CLOSED-CAPTIONS=NONE, though there are none: Shaka Player 5.2 then shows no subtitles either.
    variants = [replace(variant, subtitles=subtitles) for variant in _variants(plan, rates(plan, measured), uri_of)]
    variants.sort(key=lambda variant: variant.bandwidth)
    others = set() if plan.video is None else {rung.codecs for rung in plan.video.rungs if rung.codec is not Codec.H264}
    first = min(
        # In what every player knows: stereo, H.264.
        (each for each in variants if each.audio != SURROUND and others.isdisjoint(each.codecs)),
        key=lambda variant: abs((variant.average_bandwidth or variant.bandwidth) - FIRST_VARIANT),
    )
    return MultivariantPlaylist(
        version=VERSION,
        independent_segments=True,
        session_keys=session_keys(plan),
        renditions=(*audio_renditions(plan, uri_of), *caption_renditions(plan.asset, captions, uri_of)),
        variants=(first, *(variant for variant in variants if variant is not first)),
        iframe_variants=iframe_variants(plan, measured, uri_of=uri_of),
    )
