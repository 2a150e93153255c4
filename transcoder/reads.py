"""Which bytes of a source each segment's encode reads, from where the samples of its streams lie. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise
from math import floor
from typing import TYPE_CHECKING, Final

from transcoder.audio_window import AFTER, ANCHOR, BEFORE, WARM_UP
from transcoder.plan import AAC_FRAME, SourceReads
from transcoder.probe.groups import LENGTH, OPEN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from transcoder.index import AudioStream, SourceIndex, VideoStream
    from transcoder.plan import AudioPlan, Span, VideoPlan

BEHIND: Final = 3 * LENGTH
"""Samples behind a segment's last picture: decoders give a picture when they have seen up to 16 that follow it, and one
more for each of their threads."""

_REORDERED: Final = Fraction(1)
"""Seconds by which a picture may be decoded before it is shown: seeks go by decoding time."""

_ROUND: Final = 1 << 12
"""Bytes that the heads are rounded to: two demuxers do not read by the same steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ByteGroups:
    """The samples of a stream in groups of a few, in decoding order: the `first` stamp that is shown (time base of the
    stream) and the bytes [`start`, `end`) of each; `keys`: whether decoding may begin with it (0, CLOSED or OPEN);
    `length`: how many samples one has at most."""

    first: Sequence[int]
    start: Sequence[int]
    end: Sequence[int]
    keys: Sequence[int]
    length: int = LENGTH

    def of(self, samples: int) -> int:
        """How many whole groups so many samples are."""
        return -(-samples // self.length)


def source_reads(
    index: SourceIndex, video: VideoPlan | None, audio: Sequence[AudioPlan], *, behind: int = BEHIND
) -> SourceReads | None:
    """What the windows of a plan read; None where that is not known of every stream.

    `behind`: how many samples behind a segment's last picture. With 0 these are the bytes without which it
    can't be made: all that is shown in it. A decoder that meets the end of the file there gives what it holds back.
    """
    streams: list[VideoStream | AudioStream] = [*index.video, *index.audio]
    groups = {stream.index: stream.groups for stream in streams if stream.groups is not None}
    if index.head is None or len(groups) < len(streams):
        return None
    landings = [_landings(groups[stream.index], stream.time_base) for stream in index.video]
    head = ((start // _ROUND * _ROUND, -(-end // _ROUND) * _ROUND) for start, end in index.head)
    return SourceReads(
        head=tuple(_joined(head)),
        video=() if video is None else tuple(_pictures(groups[video.stream], video, behind)),
        audio={track.id: tuple(_sounds(groups, track, landings, behind)) for track in audio},
    )


def _pictures(groups: ByteGroups, video: VideoPlan, behind: int) -> Iterable[Span]:
    keys = [place for place, key in enumerate(groups.keys) if key]
    begins = list(accumulate((groups.first[place] for place in keys), max))
    latest = list(accumulate(groups.first, max))
    for wanted, following in zip(video.starts, (*video.starts[1:], None), strict=True):
        key = max(0, bisect_right(begins, wanted) - 1)
        if groups.keys[keys[key]] == OPEN:
            key = max(0, key - 1)
        stop = len(latest) if following is None else bisect_left(latest, following) + groups.of(behind)
        yield _span(groups, keys[key], stop)


def _landings(groups: ByteGroups, time_base: Fraction) -> list[Fraction]:
    """Where a seek may land, in seconds: the demuxer lets all streams begin where the picture can."""
    begins = accumulate((groups.first[place] for place, key in enumerate(groups.keys) if key), max)
    return [stamp * time_base for stamp in begins]


def _sounds(
    groups: Mapping[int, ByteGroups], track: AudioPlan, landings: Sequence[Sequence[Fraction]], behind: int
) -> Iterable[Span]:
    """What all streams of a track take together: they lie side by side."""
    each = [_sound(groups[stream], track, landings, behind) for stream in track.streams]
    for spans in zip(*each, strict=True):
        yield min(start for start, _ in spans), max(end for _, end in spans)


def _sound(groups: ByteGroups, track: AudioPlan, landings: Sequence[Sequence[Fraction]], behind: int) -> Iterable[Span]:
    for cut, following in pairwise(track.cuts):
        begin = _stamp(track, cut - BEFORE, -WARM_UP - ANCHOR)
        for pictures in filter(None, landings):
            wanted = begin * track.time_base - _REORDERED
            landing = pictures[max(0, bisect_right(pictures, wanted) - 1)] - _REORDERED
            begin = min(begin, floor(landing / track.time_base))
        stop = bisect_right(groups.first, _stamp(track, following + AFTER, ANCHOR))
        first = bisect_right(groups.first, begin) - 1 - groups.of(LENGTH)
        yield _span(groups, max(0, first), stop + groups.of(min(behind, LENGTH)))


def _stamp(track: AudioPlan, unit: int, seconds: Fraction) -> int:
    """The stamp that an AAC frame begins at, and so many seconds on."""
    return track.origin + floor((Fraction(unit * AAC_FRAME, track.sample_rate) + seconds) / track.time_base)


def _span(groups: ByteGroups, first: int, stop: int) -> Span:
    return min(groups.start[first:stop]), max(groups.end[first:stop])


def _joined(spans: Iterable[Span]) -> Iterable[Span]:
    """Spans by their beginnings, those that touch as one."""
    start, end = 0, 0
    for span in sorted(spans):
        if span[0] > end:
            if end:
                yield start, end
            start = span[0]
        end = max(end, span[1])
    if end:
        yield start, end
