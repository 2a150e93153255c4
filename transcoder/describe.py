"""A plan as HLS playlists: complete and final in shape before a frame is encoded, with measured rates at the end.

Pure functions. The same values are served by the API and written into the bucket; they differ in `uri_of` alone, which
turns an object's key into the URI that stands in the playlist.

Rules that shape the output (Apple's HLS authoring specification unless another source is named): 8.6 and 8.8 VOD with
an end from the first moment, EVENT for what is played while its source arrives; 9.1–9.5 CODECS, RESOLUTION, demuxed
audio; 9.11 INDEPENDENT-SEGMENTS; 9.13–9.15 rates; 9.16 no VIDEO-RANGE, since every rung is SDR; 1.32 the first variant
near 2 Mb/s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeAlias

from manifests import bandwidth, layout
from manifests.bandwidth import Rates
from manifests.hls import (
    Map,
    MediaPlaylist,
    MediaRendition,
    MultivariantPlaylist,
    Resolution,
    Segment,
    Variant,
    decimals,
)
from manifests.hls.attributes import quotable
from manifests.hls.media import target_duration
from transcoder import planner
from transcoder.plan import AAC_FRAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manifests.layout import AssetId, RenditionId
    from transcoder.measured import Measured
    from transcoder.plan import AudioPlan, Plan

UriOf: TypeAlias = Callable[[str], str]

VERSION: Final = 6
"""EXT-X-VERSION: an EXT-X-MAP in a playlist that is not I-frames only needs 6 (RFC 8216bis §8)."""
FIRST_VARIANT: Final = 2_000_000
"""b/s that the first listed variant comes near to (rule 1.32)."""
_AUDIO_GROUP: Final = "audio"


def beside(prefix: str) -> UriOf:
    """URIs relative to a playlist that lies under this prefix of keys (`layout.media_prefix`)."""
    return lambda key: key.removeprefix(prefix)


def under(base_url: str) -> UriOf:
    """Absolute URIs: the key below a base URL that serves the bucket."""
    return lambda key: f"{base_url.rstrip('/')}/{key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Timing:
    """Durations of a rendition's segments in ticks of 1/timescale s."""

    ticks: tuple[int, ...]
    timescale: int

    def durations(self) -> tuple[Fraction, ...]:
        """Seconds, on the grid that EXTINF is written on."""
        return decimals.durations(self.ticks, timescale=self.timescale)


def _timings(plan: Plan) -> dict[RenditionId, _Timing]:
    found: dict[RenditionId, _Timing] = {}
    if plan.video is not None:
        # A frame lasts `denominator` ticks of 1/numerator s; rungs of half the rate last as long as the others.
        frame = plan.video.rate.denominator
        timing = _Timing(
            ticks=tuple(len(plan.video.frames_of(number)) * frame for number in range(plan.video.segments)),
            timescale=plan.video.rate.numerator,
        )
        found |= {rung.id: timing for rung in plan.video.rungs}
    for track in plan.audio:
        ticks = tuple((end - begin) * AAC_FRAME for begin, end in pairwise(track.cuts))
        found[track.id] = _Timing(ticks=ticks, timescale=track.sample_rate)
    return found


def _target_duration(plan: Plan, timings: dict[RenditionId, _Timing]) -> int:
    """One for all the playlists of the asset (RFC 8216bis §6.2.4).

    It must not change while a playlist grows (§6.2.1), when nobody knows the last segment: one of sound may be longer
    than the others by half a second (`planner.cuts`).
    """
    if plan.grown:
        first = max(timing.durations()[0] for timing in set(timings.values()))
        return target_duration([first + planner.TAIL])
    return max(target_duration(timing.durations()) for timing in set(timings.values()))


def _rates(plan: Plan, measured: Measured | None) -> dict[RenditionId, Rates]:
    """Measured rates. Until there are any, the peak is what the encoder is told never to pass, and the average half of
    it: the ladder keeps peaks within 200 % of the average (rule 1.30)."""
    if measured is None:
        rungs = () if plan.video is None else plan.video.rungs
        declared = {rung.id: Rates(peak=rung.bandwidth, average=rung.bandwidth // 2) for rung in rungs}
        return declared | {track.id: Rates(peak=track.bitrate, average=track.bitrate) for track in plan.audio}
    timings = _timings(plan)
    longest = _target_duration(plan, timings)
    return {
        rendition: bandwidth.measure(
            measured.renditions[rendition].segments, timing.ticks,
            timescale=timing.timescale, target_duration=longest,
        )
        for rendition, timing in timings.items()
    }  # fmt: skip


def _default(tracks: Sequence[AudioPlan]) -> AudioPlan:
    return next((track for track in tracks if track.default), tracks[0])


def _audio_renditions(plan: Plan, uri_of: UriOf) -> tuple[MediaRendition, ...]:
    """The audio group. Exactly one member is DEFAULT; AUTOSELECT is one of each language, so that a player that chooses
    by language finds one and no more (RFC 8216bis §4.4.6.1.1)."""
    if not plan.audio:
        return ()
    default = _default(plan.audio)
    automatic = {track.language: track for track in (*reversed(plan.audio), default)}
    taken: set[str] = set()
    return tuple(
        MediaRendition(
            type="AUDIO",
            group=_AUDIO_GROUP,
            name=_unique_name(track, taken),
            language=quotable(track.language) or None,
            default=track is default,
            autoselect=automatic[track.language] is track,
            channels=str(track.channels),
            uri=uri_of(layout.media_playlist(plan.asset, track.id)),
        )
        for track in plan.audio
    )


def _unique_name(track: AudioPlan, taken: set[str]) -> str:
    """NAME must differ within a group; it is shown to viewers, so a second "English" becomes "English 2"."""
    base = quotable(track.name) or quotable(track.language) or "Audio"
    name, count = base, 1
    while name in taken:
        count += 1
        name = f"{base} {count}"
    taken.add(name)
    return name


def _variants(plan: Plan, rates: dict[RenditionId, Rates], uri_of: UriOf) -> list[Variant]:
    codecs = tuple(dict.fromkeys(track.codecs for track in plan.audio))
    group = [rates[track.id] for track in plan.audio]
    if plan.video is None:
        # The variant's own playlist is the default track; another of the group takes its place and is not added to it.
        dearest = bandwidth.together(Rates(peak=0, average=0), [group])
        return [
            Variant(
                uri=uri_of(layout.media_playlist(plan.asset, _default(plan.audio).id)),
                bandwidth=dearest.peak,
                average_bandwidth=dearest.average,
                codecs=codecs,
                audio=_AUDIO_GROUP,
            )
        ]
    found = []
    for rung in plan.video.rungs:
        total = bandwidth.together(rates[rung.id], [group] if group else [])
        found.append(
            Variant(
                uri=uri_of(layout.media_playlist(plan.asset, rung.id)),
                bandwidth=total.peak,
                average_bandwidth=total.average,
                codecs=(rung.codecs, *codecs),
                resolution=Resolution(width=rung.width, height=rung.height),
                frame_rate=decimals.round_half_up(plan.video.rate / rung.divisor, 3),
                audio=_AUDIO_GROUP if group else None,
            )
        )
    return found


def multivariant(plan: Plan, measured: Measured | None, *, uri_of: UriOf) -> MultivariantPlaylist:
    """The multivariant playlist: the variant to start with first, then the others by rising bandwidth."""
    variants = _variants(plan, _rates(plan, measured), uri_of)
    variants.sort(key=lambda variant: variant.bandwidth)
    first = min(variants, key=lambda variant: abs((variant.average_bandwidth or variant.bandwidth) - FIRST_VARIANT))
    return MultivariantPlaylist(
        version=VERSION,
        independent_segments=True,
        renditions=_audio_renditions(plan, uri_of),
        variants=(first, *(variant for variant in variants if variant is not first)),
    )


def media(plan: Plan, rendition: RenditionId, *, uri_of: UriOf, ended: bool = True) -> MediaPlaylist:
    """The media playlist of one rendition. Raises KeyError for a rendition that the plan lacks.

    It never changes, but for a plan that grows (`ended` False): segments are added at its end. Such a playlist stays an
    EVENT for good, for nothing in it may change but by lines at its end (RFC 8216bis §6.2.1); with an end in it players
    take it for what it is.
    """
    timings = _timings(plan)
    return MediaPlaylist(
        version=VERSION,
        target_duration=_target_duration(plan, timings),
        playlist_type="EVENT" if plan.grown else "VOD",
        independent_segments=True,
        # Players begin an EVENT that has no end near what came last; this one is a recording.
        start=Fraction(0) if plan.grown else None,
        map=Map(uri=uri_of(layout.init(plan.asset, rendition))),
        segments=tuple(
            Segment(uri=uri_of(layout.segment(plan.asset, rendition, number)), duration=duration)
            for number, duration in enumerate(timings[rendition].durations())
        ),
        ended=ended,
    )


def static_playlists(plan: Plan, measured: Measured) -> dict[str, str]:
    """Every playlist of a finished asset by its key, with relative URIs: the bucket plays alone behind any CDN."""
    asset: AssetId = plan.asset
    found = {
        layout.media_playlist(asset, rendition): media(
            plan, rendition, uri_of=beside(layout.media_prefix(asset, rendition))
        ).render()
        for rendition in plan.renditions()
    }
    found[layout.multivariant(asset)] = multivariant(plan, measured, uri_of=beside(layout.media_prefix(asset))).render()
    return found
