"""A plan as an MPD: the same segments under the same URLs as in HLS.

It is static from the moment the plan stands, before anything is encoded: every segment of the whole duration can be
requested, and is made when it is asked for (ISO/IEC 23009-1 §5.3.1.2: all segments of a static presentation are
available). There is no trick-mode set: a template cannot name byte ranges, and a list of all of them would be many
times the rest of the document.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import count
from typing import TYPE_CHECKING, Final

from manifests import layout, media_types
from manifests.dash import AdaptationSet, Descriptor, Mpd, Representation, SegmentTemplate
from manifests.dash.adaptation_set import is_language
from manifests.dash.descriptor import AUDIO_PURPOSE, CHANNELS, SWITCHING, role
from manifests.dash.segment_template import NUMBER, REPRESENTATION
from manifests.hls.attributes import quotable
from transcoder.describe.captions import SEGMENT_MS, length_of
from transcoder.describe.encryption import content_protection
from transcoder.describe.rates import rates
from transcoder.describe.sound import default_track
from transcoder.describe.timing import timings
from transcoder.plan import SoundKind
from transcoder.video import timescale

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from manifests.bandwidth import Rates
    from manifests.layout import RenditionId
    from transcoder.captions.listed import CaptionKind, ListedTrack
    from transcoder.describe.timing import Timing
    from transcoder.describe.uris import UriOf
    from transcoder.measured import Measured
    from transcoder.plan import AudioPlan, Plan, VideoPlan, VideoRung

_FIRST: Final = 2
"""@selectionPriority of the sound to begin with: without it players take what has the highest bit rate."""
_TEXT_RATE: Final = 1_000
"""b/s of captions: twenty words a second are fewer."""
_TEXT_ROLES: Final[dict[CaptionKind, str]] = {
    "subtitles": "subtitle", "captions": "caption", "descriptions": "description", "forced": "forced-subtitle",
}  # fmt: skip


def mpd(
    plan: Plan, measured: Measured | None, *, captions: Sequence[ListedTrack] = (), uri_of: UriOf,
    license_url: str | None = None,
) -> Mpd:  # fmt: skip
    """The MPD of a plan that is whole. `license_url`: where players get its keys, absolute, if it is encrypted.

    @minBufferTime is the longest segment: each of them has no more than @bandwidth times its duration of bits, wherever
    in it they lie.
    """
    rate_of, timing_of = rates(plan, measured), timings(plan)
    numbers = count(1)
    sets = (
        *_pictures(plan, rate_of, timing_of, uri_of, numbers),
        *(_sound(plan, track, rate_of[track.id], timing_of[track.id], uri_of, next(numbers)) for track in plan.audio),
        *(_text(plan, track, uri_of, next(numbers)) for track in captions),
    )
    protection = content_protection(plan, license_url)
    sets = tuple(each if each.content_type == "text" else replace(each, protection=protection) for each in sets)
    longest = max(max(timing.durations()) for timing in timing_of.values())
    return Mpd(duration=max(timing.end for timing in timing_of.values()), min_buffer=longest, sets=sets)


def _pictures(
    plan: Plan, rate_of: dict[RenditionId, Rates], timing_of: dict[RenditionId, Timing], uri_of: UriOf,
    numbers: Iterator[int],
) -> tuple[AdaptationSet, ...]:  # fmt: skip
    """A set for each codec, since players switch within one; the sets say of each other that they show the same."""
    video = plan.video
    if video is None:
        return ()
    families: dict[str, list[VideoRung]] = {}
    for rung in video.rungs:
        families.setdefault(rung.codecs.partition(".")[0], []).append(rung)
    ids = {family: next(numbers) for family in families}
    ticks = timescale(video)
    return tuple(
        AdaptationSet(
            id=ids[family],
            content_type="video",
            mime_type=media_types.VIDEO_INIT,
            supplemental=_others(ids, family),
            roles=(role("main"),),
            template=_template(plan, timing_of[rungs[0].id], ticks, uri_of),
            representations=tuple(
                _rung(video, rung, rate_of[rung.id]) for rung in sorted(rungs, key=lambda rung: rate_of[rung.id].peak)
            ),
        )
        for family, rungs in families.items()
    )


def _others(ids: dict[str, int], family: str) -> tuple[Descriptor, ...]:
    others = ",".join(str(number) for name, number in ids.items() if name != family)
    return (Descriptor(scheme=SWITCHING, value=others),) if others else ()


def _rung(video: VideoPlan, rung: VideoRung, rate: Rates) -> Representation:
    return Representation(
        id=rung.id,
        bandwidth=rate.peak,
        codecs=rung.codecs,
        width=rung.width,
        height=rung.height,
        frame_rate=video.rate / rung.divisor,
    )


def _sound(
    plan: Plan, track: AudioPlan, rate: Rates, timing: Timing, uri_of: UriOf, number: int
) -> AdaptationSet:  # fmt: skip
    first = track is default_track([each for each in plan.audio if not each.is_surround])
    kind = "main" if first else "alternate"
    described = track.kind is SoundKind.DESCRIPTION
    return AdaptationSet(
        id=number,
        content_type="audio",
        mime_type=media_types.AUDIO_INIT,
        language=track.language if is_language(track.language) else None,
        label=quotable(track.name) or None,
        priority=_FIRST if first else None,
        channels=Descriptor(scheme=CHANNELS, value=str(track.channels)),
        accessibility=(Descriptor(scheme=AUDIO_PURPOSE, value="1"),) if described else (),
        roles=(role(kind if track.kind is SoundKind.MAIN else track.kind.value),),
        template=_template(plan, timing, track.sample_rate, uri_of),
        representations=(
            Representation(id=track.id, bandwidth=rate.peak, codecs=track.codecs, sampling_rate=track.sample_rate),
        ),
    )


def _text(plan: Plan, track: ListedTrack, uri_of: UriOf, number: int) -> AdaptationSet:
    """WebVTT in segments, as HLS has it: no init section, and cues at times of the whole."""
    length = length_of(plan.duration)
    return AdaptationSet(
        id=number,
        content_type="text",
        mime_type=media_types.VTT.partition(";")[0],
        language=track.language if is_language(track.language) else None,
        label=quotable(track.name) or None,
        roles=(role(_TEXT_ROLES[track.kind]), *((role("main"),) if track.default else ())),
        template=SegmentTemplate(
            media=uri_of(layout.caption_template(plan.asset, REPRESENTATION, NUMBER)),
            timescale=1000,
            durations=tuple(min(SEGMENT_MS, length - begin) for begin in range(0, length, SEGMENT_MS)),
        ),
        representations=(Representation(id=track.rendition, bandwidth=_TEXT_RATE),),
    )


def _template(plan: Plan, timing: Timing, ticks: int, uri_of: UriOf) -> SegmentTemplate:
    """Times in the track's own ticks: those of its `tfdt` boxes."""
    finer = Fraction(ticks, timing.timescale)
    return SegmentTemplate(
        media=uri_of(layout.segment_template(plan.asset, REPRESENTATION, NUMBER)),
        initialization=uri_of(layout.init_template(plan.asset, REPRESENTATION)),
        timescale=ticks,
        durations=tuple(int(each * finer) for each in timing.ticks),
    )
