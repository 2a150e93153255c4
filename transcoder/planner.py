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
from transcoder import ladder, timeline
from transcoder.ladder import LadderSettings, settings_of
from transcoder.plan import AAC_FRAME, AudioPlan, Plan, Protection, SourceRef, VideoPlan
from transcoder.profile import DEFAULT, Encryption, Profile
from transcoder.reads import source_reads
from transcoder.sound_tracks import sound_tracks
from transcoder.source_limits import SourceLimits, refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from transcoder.index import SourceIndex, VideoStream
    from transcoder.sound_tracks import SoundTrack

SAMPLE_RATE: Final = 48_000
_STEREO: Final = 2  # always exists (Apple 2.3); a mono source is heard on both sides
_SURROUND: Final = 6  # 5.1, beside it where the source has five channels and more
_LEAST_SURROUND: Final = 5
_BITRATE: Final = 128_000
_BITRATE_MORE: Final = 160_000  # a downmix of many channels
_BITRATE_SURROUND: Final = 384_000
_TOLERANCE: Final = Fraction(1, 2)
TAIL: Final = Fraction(1, 2)


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
    pairs = None if grown is None else [(track.stream, track.right) for track in grown.audio if not track.is_surround]
    tracks = sound_tracks(index.audio, demuxer=source.demuxer, pairs=pairs)
    spans = [(track.stream.start * track.stream.time_base, track.end * track.stream.time_base) for track in tracks]
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
    if picture is not None and video is not None:
        zero = _zero(video, picture)
        total = max(max(end for _, end in spans) - zero, video.frames / video.rate)
    surround = profile.surround if grown is None else any(track.is_surround for track in grown.audio)
    audio = tuple(_audio(tracks, zero, total, video, version, settings, surround=surround))
    if grown is not None:
        audio = tuple(
            _prolonged(track, before, video, settings) for track, before in zip(audio, grown.audio, strict=True)
        )
    return Plan(
        asset=asset, version=version, source=source, video=video, audio=audio,
        reads=source_reads(index, video, audio), grown=grown is not None,
        protection=protection(profile) if grown is None else grown.protection,
    )  # fmt: skip


def protection(profile: Profile) -> Protection | None:
    """A key for as many whole segments as `key_rotation` has, one at least."""
    if profile.encryption is Encryption.NONE:
        return None
    period = max(1, profile.key_rotation // profile.segment) if profile.key_rotation else 0
    return Protection(scheme=profile.encryption, period=period)


def _continued(index: SourceIndex, grown: Plan, limits: SourceLimits) -> SourceIndex:
    """The index of those streams that a plan has begun with, in its order."""
    video = [stream for stream in index.video if grown.video is not None and stream.index == grown.video.stream]
    by_index = {stream.index: stream for stream in index.audio}
    wanted = {stream for track in grown.audio for stream in track.streams}
    audio = [by_index[stream] for stream in sorted(wanted) if stream in by_index]
    if len(video) != (grown.video is not None) or len(audio) != len(wanted):
        raise refusal("unreadable", limits, "a stream that the file began with is damaged further on")
    return replace(index, video=tuple(video), audio=tuple(audio))


def _prolonged(track: AudioPlan, begun: AudioPlan, video: VideoPlan | None, settings: LadderSettings) -> AudioPlan:
    """A track that goes on from what was published of it: the same sound at the same place, under the same name."""
    samples = max(track.samples, begun.samples + 1)
    return replace(
        track, id=begun.id, origin=begun.origin, bitrate=begun.bitrate, language=begun.language, name=begun.name,
        default=begun.default, automatic=begun.automatic, kind=begun.kind, samples=samples,
        cuts=cuts(samples, video=video, segment=settings.segment),
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
        colour=stream.colour,
        rotation=stream.rotation,
        mirrored=stream.mirrored,
        width=width,
        height=height,
        rungs=ladder.rungs(width, height, rate=grid.rate, version=version, settings=settings),
    )


def _zero(video: VideoPlan, stream: VideoStream) -> Fraction:
    """When the first frame of the grid is shown, in seconds of the source's clock. Sound is counted from there, for the
    first picture stands exactly on a frame: the two are as far from each other as in the source."""
    return stream.stamps[0] * stream.time_base - _begun(video).slot(stream.stamps[0]) / video.rate


def _begun(video: VideoPlan) -> timeline.Grid:
    """The grid of a plan that grows. At least one frame more is to come: it never says more than it knows."""
    return timeline.Grid(
        rate=video.rate, frames=video.frames + 1, time_base=video.time_base, origin=video.origin,
        constant=video.constant,
    )  # fmt: skip


def _audio(
    tracks: Sequence[SoundTrack],
    zero: Fraction,
    total: Fraction,
    video: VideoPlan | None,
    version: int,
    settings: LadderSettings,
    *,
    surround: bool,
) -> Iterable[AudioPlan]:
    """Every track in stereo, in the source's order; behind them those that are made in 5.1 too."""
    stereo = [
        _rendition(track, f"a{place}-{version}", zero, total, video, settings) for place, track in enumerate(tracks, 1)
    ]
    yield from stereo
    for place, (track, planned) in enumerate(zip(tracks, stereo, strict=True), 1):
        if surround and track.channels >= _LEAST_SURROUND:
            yield replace(
                planned, id=RenditionId(f"s{place}-{version}"), channels=_SURROUND, bitrate=_BITRATE_SURROUND
            )  # fmt: skip


def _rendition(
    track: SoundTrack, name: str, zero: Fraction, total: Fraction, video: VideoPlan | None, settings: LadderSettings
) -> AudioPlan:
    stream = track.stream
    length = track.end * stream.time_base - zero
    samples = max(1, round((total if total - length > _TOLERANCE else length) * SAMPLE_RATE))
    return AudioPlan(
        id=RenditionId(name),
        stream=stream.index,
        right=None if track.right is None else track.right.index,
        time_base=stream.time_base,
        origin=round(zero / stream.time_base),
        sample_rate=SAMPLE_RATE,
        channels=_STEREO,
        samples=samples,
        cuts=cuts(samples, video=video, segment=settings.segment),
        bitrate=_BITRATE if track.channels <= _STEREO else _BITRATE_MORE,
        codecs=mp4a_lc(),
        language=track.language,
        name=track.name,
        default=track.default,
        automatic=track.automatic,
        kind=track.kind,
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
