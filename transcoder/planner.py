"""The plan of a source: its index, the grid and the ladder put together. Pure.

Renditions end together: where the picture or a sound track falls short of the presentation by more than half a second,
the last picture stays and silence goes on (players stall where one of the two ends early); less is left as it is.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from manifests.codecs import mp4a_lc
from manifests.layout import AssetId, RenditionId
from transcoder import ladder, languages, timeline
from transcoder.ladder import LadderSettings, settings_of
from transcoder.plan import AAC_FRAME, AudioPlan, Plan, SourceRef, VideoPlan
from transcoder.profile import DEFAULT, Profile
from transcoder.reads import source_reads
from transcoder.source_limits import SourceLimits, refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from transcoder.index import AudioStream, SourceIndex, VideoStream

SAMPLE_RATE: Final = 48_000
MAX_TRACKS: Final = 8
_CHANNELS: Final = 2  # stereo always exists (Apple 2.3); a mono source is heard on both sides
_BITRATE: Final = 128_000
_BITRATE_MORE: Final = 160_000  # a downmix of many channels
_TOLERANCE: Final = Fraction(1, 2)
TAIL: Final = Fraction(1, 2)
_NAME_LENGTH: Final = 40


def make_plan(
    *,
    asset: AssetId,
    version: int,
    source: SourceRef,
    index: SourceIndex,
    profile: Profile = DEFAULT,
    limits: SourceLimits | None = None,
    grown: Plan | None = None,
) -> Plan:
    """The plan of one asset version. Raises SourceRefused if the chosen streams lie too far apart.

    `grown` is a plan of the same source that was published while it arrived: its streams, its grid and its ladder are
    taken over, and every segment of it is one of the new plan, unchanged. Raises SourceRefused if a stream of it is not
    there any more.
    """
    settings, limits = settings_of(profile), limits or SourceLimits()
    if grown is not None:
        index = _continued(index, grown, limits)
    picture = main_picture(index.video)
    tracks = index.audio[:MAX_TRACKS]
    spans = [(track.start * track.time_base, track.end * track.time_base) for track in tracks]
    if picture is not None:
        spans.append((picture.stamps[0] * picture.time_base, picture.end * picture.time_base))
    zero = min(start for start, _ in spans)
    total = max(end for _, end in spans) - zero
    if max(start for start, _ in spans) - zero > limits.max_gap:
        raise refusal("broken_timeline", limits, "the streams begin far apart")
    if total > limits.max_duration:
        raise refusal("too_long", limits, f"{float(total):.0f} s")
    begun = None if grown is None else grown.video
    video = None if picture is None else _video(picture, zero, total, version, settings, begun)
    if video is not None:
        total = max(total, video.frames / video.rate)
    audio = tuple(_audio(tracks, zero, total, video, version, settings))
    if grown is not None:
        audio = tuple(
            _prolonged(track, before, video, settings) for track, before in zip(audio, grown.audio, strict=True)
        )
    return Plan(
        asset=asset, version=version, source=source, video=video, audio=audio,
        reads=source_reads(index, video, audio), grown=grown is not None,
    )  # fmt: skip


def _continued(index: SourceIndex, grown: Plan, limits: SourceLimits) -> SourceIndex:
    """The index of those streams that a plan has begun with, in its order."""
    video = [stream for stream in index.video if grown.video is not None and stream.index == grown.video.stream]
    by_index = {stream.index: stream for stream in index.audio}
    audio = [by_index[track.stream] for track in grown.audio if track.stream in by_index]
    if len(video) != (grown.video is not None) or len(audio) != len(grown.audio):
        raise refusal("unreadable", limits, "a stream that the file began with is damaged further on")
    return replace(index, video=tuple(video), audio=tuple(audio))


def _prolonged(track: AudioPlan, begun: AudioPlan, video: VideoPlan | None, settings: LadderSettings) -> AudioPlan:
    """A track that goes on from what was published of it: the same sound at the same place, under the same name."""
    samples = max(track.samples, begun.samples + 1)
    return replace(
        track, id=begun.id, origin=begun.origin, bitrate=begun.bitrate, language=begun.language, name=begun.name,
        default=begun.default, samples=samples, cuts=cuts(samples, video=video, segment=settings.segment),
    )  # fmt: skip


def main_picture(streams: Sequence[VideoStream]) -> VideoStream | None:
    """The picture that a viewer is meant to see: marked as the default, then the largest, then the first."""
    return max(streams, key=lambda stream: (stream.default, stream.width * stream.height, -stream.index), default=None)


def _video(
    stream: VideoStream,
    zero: Fraction,
    total: Fraction,
    version: int,
    settings: LadderSettings,
    begun: VideoPlan | None,
) -> VideoPlan:
    short = total - (stream.end * stream.time_base - zero)
    grid = timeline.lay(
        stream.stamps,
        stream.end,
        time_base=stream.time_base,
        zero=zero,
        total=total if short > _TOLERANCE else None,
        claimed=stream.rate,
        fields=stream.interlaced,
        begun=None if begun is None else _begun(begun),
    )
    if begun is not None:
        first = range(begun.frames, grid.frames, begun.segment)
        starts = (*begun.starts, *(grid.shown(stream.stamps, frame) for frame in first))
        return replace(begun, frames=grid.frames, starts=starts, constant=grid.constant)
    # Both even, so that a rung at half the rate has whole GOPs of the same length.
    gop = max(2, 2 * round(grid.rate * settings.gop / 2))
    segment = gop * max(1, round(Fraction(settings.segment, settings.gop)))
    width, height = ladder.upright(stream.width, stream.height, sar=stream.sar, rotation=stream.rotation)
    return VideoPlan(
        stream=stream.index,
        rate=grid.rate,
        frames=grid.frames,
        gop=gop,
        segment=segment,
        time_base=grid.time_base,
        origin=grid.origin,
        starts=tuple(grid.shown(stream.stamps, first) for first in range(0, grid.frames, segment)),
        constant=grid.constant,
        interlaced=stream.interlaced,
        hdr=stream.hdr,
        rotation=stream.rotation,
        mirrored=stream.mirrored,
        width=width,
        height=height,
        rungs=ladder.rungs(width, height, rate=grid.rate, version=version, settings=settings),
    )


def _begun(video: VideoPlan) -> timeline.Grid:
    """The grid of a plan that grows. At least one frame more is to come: it never says more than it knows."""
    return timeline.Grid(
        rate=video.rate, frames=video.frames + 1, time_base=video.time_base, origin=video.origin,
        constant=video.constant,
    )  # fmt: skip


def _audio(
    streams: Sequence[AudioStream],
    zero: Fraction,
    total: Fraction,
    video: VideoPlan | None,
    version: int,
    settings: LadderSettings,
) -> Iterable[AudioPlan]:
    default = next((place for place, stream in enumerate(streams) if stream.default), 0)
    for place, (stream, name) in enumerate(zip(streams, _names(streams), strict=True)):
        length = stream.end * stream.time_base - zero
        samples = max(1, round((total if total - length > _TOLERANCE else length) * SAMPLE_RATE))
        yield AudioPlan(
            id=RenditionId(f"a{place + 1}-{version}"),
            stream=stream.index,
            time_base=stream.time_base,
            origin=round(zero / stream.time_base),
            sample_rate=SAMPLE_RATE,
            channels=_CHANNELS,
            samples=samples,
            cuts=cuts(samples, video=video, segment=settings.segment),
            bitrate=_BITRATE if stream.channels <= 2 else _BITRATE_MORE,
            codecs=mp4a_lc(),
            language=languages.tag(stream.language),
            name=name,
            default=place == default,
            source_rate=stream.decoded_rate,
            start=stream.start,
            entries=stream.entries,
        )


def cuts(samples: int, *, video: VideoPlan | None, segment: int) -> tuple[int, ...]:
    """Where a track of `samples` is cut, in AAC frames from 0 to all of them.

    At the frame nearest to each beginning of a video segment, or every `segment` seconds without a picture. What is
    left at the end, if shorter than half a second, belongs to the segment before it.
    """
    length = Fraction(segment) if video is None else video.segment / video.rate
    frames = -(-samples // AAC_FRAME)
    tail = TAIL * SAMPLE_RATE / AAC_FRAME
    found, number = [0], 1
    while (cut := cut_at(number, length)) < frames:
        last = video is not None and number >= video.segments
        if last or (video is None and frames - cut < tail):
            break
        found.append(cut)
        number += 1
    return (*found, frames)


def cut_at(number: int, length: Fraction) -> int:
    """Where segment `number` of the sound begins, in AAC frames: nearest to `number` segments of `length` seconds."""
    return round(number * length * SAMPLE_RATE / AAC_FRAME)


def _names(streams: Sequence[AudioStream]) -> list[str]:
    """A name for each track, none twice: its title, else its language's own name, else its number."""
    found: list[str] = []
    for place, stream in enumerate(streams, 1):
        title = "".join(sign for sign in stream.title if sign.isprintable()).replace('"', "'").strip()[:_NAME_LENGTH]
        name = title or languages.name(languages.tag(stream.language)) or f"Audio {place}"
        found.append(name if name not in found else f"{name} ({place})")
    return found
