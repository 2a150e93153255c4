"""The plan of a clip: frames [first, stop) of a plan, as a plan of its own over the same source. Pure.

Its segments end where the parent's do, so that what lies between its edges can be taken over from the parent as it is;
segment 0 lacks its `head`. Everything can also be made from the source alone, by ordinary windows: a clip depends on
nothing of its parent but the bytes of its source. Sound is cut on an AAC grid that begins with the clip, to the sample.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import replace
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, Final

from manifests import layout
from manifests.layout import AssetId, RenditionId
from transcoder.audio_window import AFTER
from transcoder.plan import AAC_FRAME, Parent, Plan, SourceReads
from transcoder.planner import TAIL, cuts

if TYPE_CHECKING:
    from transcoder.plan import AudioPlan, Span, VideoPlan

_VERSION: Final = re.compile(r"-[0-9]+$")
_RENEWED: Final = re.compile(r"n?-[0-9]+$")
"""Sound that was made again at another level: a clip has a level of its own."""


def excerpt(video: VideoPlan, frames: range) -> VideoPlan:
    """Some frames of a picture, counted on its own grid, as a picture of its own with the same GOPs and segments."""
    first, last = (_segment_of(video, frame) for frame in (frames.start, frames.stop - 1))
    skip, starts = video.skip + frames.start, video.starts[first : last + 1]
    if video.constant:
        # A picture stands less than half a frame off its place: one frame before it is never too late.
        before = video.origin + floor((skip - 1) / (video.rate * video.time_base))
        starts = (max(starts[0], before), *starts[1:])
    return replace(video, frames=len(frames), starts=starts, skip=skip)


def clip_of_frames(parent: Plan, frames: range, *, asset: AssetId, version: int) -> Plan:
    """The plan of frames [first, stop) of the parent's grid. Raises ValueError without a picture, or without frames."""
    video = parent.video
    if video is None or not 0 <= frames.start < frames.stop <= video.frames:
        raise ValueError(frames)
    made = excerpt(video, frames)
    rungs = tuple(replace(rung, id=renamed(rung.id, version)) for rung in made.rungs)
    made = replace(made, rungs=rungs)
    edges = tuple(Fraction(made.frames_of(number).start) / made.rate for number in range(1, made.segments))
    begin, length = Fraction(made.skip) / made.rate, Fraction(made.frames) / made.rate
    audio = tuple(_sound(track, begin, length, edges, version) for track in parent.audio)
    span = range(_segment_of(video, frames.start), _segment_of(video, frames.stop - 1) + 1)
    return _plan(parent, asset, version, made, audio, span, begin=Fraction(frames.start) / made.rate)


def clip_of_samples(parent: Plan, samples: range, *, segment: int, asset: AssetId, version: int) -> Plan:
    """The same of an asset without a picture, by samples of the output's rate; `segment` is in seconds."""
    rate = parent.audio[0].sample_rate
    begin = Fraction(parent.audio[0].skip + samples.start, rate)
    length = Fraction(len(samples), rate)
    edges = tuple(
        Fraction(cut * AAC_FRAME, rate) for cut in cuts(len(samples), video=None, segment=segment)[1:-1]
    )  # fmt: skip
    audio = tuple(_sound(track, begin, length, edges, version) for track in parent.audio)
    return _plan(parent, asset, version, None, audio, range(0), begin=Fraction(samples.start, rate))


def renamed(rendition: RenditionId, version: int) -> RenditionId:
    """The same rendition of another version."""
    return RenditionId(_VERSION.sub("", rendition) + f"-{version}")


def _segment_of(video: VideoPlan, frame: int) -> int:
    return (frame + video.head) // video.segment


def _plan(
    parent: Plan, asset: AssetId, version: int, video: VideoPlan | None, audio: tuple[AudioPlan, ...], span: range, *,
    begin: Fraction,
) -> Plan:  # fmt: skip
    return Plan(
        asset=asset, version=version, source=replace(parent.source, key=layout.source(asset, version)), video=video,
        audio=audio, reads=None if parent.reads is None else _reads(parent, parent.reads, audio, span),
        parent=Parent(asset=parent.asset, version=parent.version, begin=begin), recorded=parent.recorded,
        protection=parent.protection,
    )  # fmt: skip


def _sound(
    track: AudioPlan, begin: Fraction, length: Fraction, edges: tuple[Fraction, ...], version: int
) -> AudioPlan:  # fmt: skip
    """A track from `begin` (seconds after its origin) on, for `length` seconds, cut nearest to the `edges`."""
    rate = track.sample_rate
    skip, wanted = round(begin * rate), max(1, round(length * rate))
    left = track.skip + track.samples - skip
    # As in every plan: a track that ends much earlier than the picture goes on in silence.
    samples = wanted if left < wanted - TAIL * rate else min(wanted, left)
    frames = -(-samples // AAC_FRAME)
    nearest = {round(edge * rate / AAC_FRAME) for edge in edges}
    return replace(
        track, id=RenditionId(_RENEWED.sub("", track.id) + f"-{version}"), gain=None, skip=skip, samples=samples,
        cuts=(0, *sorted(cut for cut in nearest if 0 < cut < frames), frames),
    )  # fmt: skip


def _reads(parent: Plan, reads: SourceReads, audio: tuple[AudioPlan, ...], span: range) -> SourceReads:
    """What the parent reads there, by the clip's own segments."""
    return SourceReads(
        head=reads.head,
        video=reads.video[span.start : span.stop],
        audio={
            made.id: tuple(
                _hull(track, reads.audio[track.id], made, range(made.cuts[number], made.cuts[number + 1]))
                for number in range(made.segments)
            )
            for track, made in zip(parent.audio, audio, strict=True)
        },
    )  # fmt: skip


def _hull(track: AudioPlan, spans: tuple[Span, ...], made: AudioPlan, frames: range) -> Span:
    """All bytes that the parent's segments read which these AAC frames of the clip lie in."""
    ahead = (made.skip - track.skip) // AAC_FRAME
    first, last = (
        min(max(bisect_right(track.cuts, ahead + frame) - 1, 0), track.segments - 1)
        for frame in (frames.start, frames.stop + AFTER + 1)
    )
    wanted = spans[first : last + 1]
    return min(start for start, _ in wanted), max(end for _, end in wanted)
