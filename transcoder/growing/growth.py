"""A plan that grows: from what a scan has seen of a source to the segments that can be encoded from it. Pure.

The first plan freezes the grid, the streams, the ladder and zero; what comes later is laid onto that grid. It names
whole segments only, each with all of its pictures and all of its sound, so that the plan of the whole source begins
with exactly these (`planner.make_plan(grown=…)`).

A stream that falls silent holds the growth up: nobody can tell whether its packets come late or never, and a segment is
not made twice. Such a source is whole again when its last byte is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from transcoder.audio_window import AFTER, ANCHOR
from transcoder.growing.pictures import Reordering, SegmentStarts, WholePictures
from transcoder.index import SourceIndex
from transcoder.plan import AAC_FRAME, AudioEntry
from transcoder.planner import SAMPLE_RATE, cut_at, main_picture, make_plan
from transcoder.probe.reordering import MOST
from transcoder.probe.sound import GAP
from transcoder.profile import DEFAULT, Profile
from transcoder.sound_tracks import MAX_STREAMS
from transcoder.timeline import Grid

if TYPE_CHECKING:
    from manifests.layout import AssetId
    from transcoder.index import VideoStream
    from transcoder.plan import AudioPlan, Plan, SourceRef, VideoPlan
    from transcoder.source_limits import SourceLimits

LOOK_AHEAD: Final = Fraction(AFTER * AAC_FRAME, SAMPLE_RATE) + ANCHOR + GAP
"""Seconds of sound behind a segment without which it is not made: what its encode looks ahead, and by how much stamps
may run away from the samples."""

_LEAST: Final = Fraction(2)
"""Seconds of pictures from which their rate is believed if it is what the container says, …"""
_SURE: Final = Fraction(10)
"""… and in any case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What came of a stream since the last time, in its time base: the `stamps` of its pictures, in decoding order;
    where its sound ends by now, and packets of it that decoding may begin with."""

    stamps: Sequence[int] = ()
    end: int | None = None
    entries: tuple[AudioEntry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a scan knows once it has decoded the first frames of every stream.

    Of `index` the streams' facts count; what is there of them is told from their first packet on as `Seen`. `decoded`:
    stamps of the first decoded pictures, by stream.
    """

    index: SourceIndex
    decoded: Mapping[int, Sequence[int]]


class Growth:
    """The fold of a scan. `grown`: the plan that an earlier scan of the same source has published, if one has."""

    def __init__(
        self, head: Head, *, asset: AssetId, version: int, source: SourceRef, profile: Profile = DEFAULT,
        limits: SourceLimits | None = None, grown: Plan | None = None,
    ) -> None:  # fmt: skip
        self._asset, self._version, self._source, self._head = asset, version, source, head
        self._profile, self._limits = profile.early(), limits
        self._picture = main_picture(head.index.video)
        self._tracks = head.index.audio[:MAX_STREAMS]
        self._decoded = () if self._picture is None else head.decoded.get(self._picture.index, ())
        self._reordering = Reordering(
            first=min(self._decoded, default=None),
            most=MOST if self._picture is None else self._picture.reordering,
            fields=self._picture is not None and self._picture.interlaced,
        )
        self._waiting: list[int] = []
        self._ends: dict[int, int] = {}
        self._entries: dict[int, tuple[AudioEntry, ...]] = {}
        self._pictures: WholePictures | None = None
        self._starts: SegmentStarts | None = None
        self._base = grown
        self.plan = grown
        """The segments that can be made by now; None while there are none."""

    def add(self, seen: Mapping[int, Seen]) -> bool:
        """Take what came of the streams, by their index; whether the plan has more segments now.

        Raises SourceRefused if the streams lie too far apart.
        """
        if self._picture is None:
            return False
        for index, part in seen.items():
            if index == self._picture.index:
                self._settle(self._reordering.take(part.stamps))
                continue
            if part.end is not None:
                self._ends[index] = max(part.end, self._ends.get(index, part.end))
            self._entries[index] = (*self._entries.get(index, ()), *part.entries)
        if self._starts is None:
            self._begin(self._picture)
        return self._grow()

    def _settle(self, stamps: Sequence[int]) -> None:
        if self._starts is None or self._pictures is None:
            self._waiting += stamps
        else:
            self._starts.take(self._pictures.take(stamps))

    def _begin(self, picture: VideoStream) -> None:
        """Lay the first pictures on a grid, once there are enough to tell which."""
        if not self._waiting or any(track.index not in self._ends for track in self._tracks):
            return
        pictures = WholePictures(self._waiting, decoded=self._decoded, interlaced=picture.interlaced)
        stamps = pictures.take(self._waiting)
        span = (stamps[-1] - stamps[0]) * picture.time_base
        if span < _LEAST:
            return
        base = self._base or self._first_plan(replace(picture, stamps=stamps, end=stamps[-1] + 1))
        video = _video(base)
        if span < _SURE and not _agree(video.rate, picture.rate):
            return
        grid = Grid(
            rate=video.rate, frames=1, time_base=video.time_base, origin=video.origin, constant=False
        )  # fmt: skip
        self._base, self._pictures = base, pictures
        self._starts = SegmentStarts(grid, segment=video.segment)
        self._starts.take(stamps)

    def _first_plan(self, picture: VideoStream) -> Plan:
        tracks = tuple(replace(track, end=max(self._ends[track.index], track.start + 1)) for track in self._tracks)
        index = replace(self._head.index, video=(picture,), audio=tracks)
        plan = make_plan(
            asset=self._asset, version=self._version, source=self._source, index=index,
            profile=self._profile, limits=self._limits,
        )  # fmt: skip
        return replace(plan, grown=True)

    def _grow(self) -> bool:
        if self._base is None or self._starts is None:
            return False
        length = _video(self._base).segment / _video(self._base).rate
        whole = min([self._starts.whole, *(self._heard(track, length) for track in self._base.audio)])
        if whole <= (0 if self.plan is None else _video(self.plan).segments):
            return False
        plan = cut(self._base, self._starts.starts[:whole])
        self.plan = replace(
            plan,
            audio=tuple(replace(track, entries=self._entries.get(track.stream, ())) for track in plan.audio),
        )
        return True

    def _heard(self, track: AudioPlan, length: Fraction) -> int:
        """Segments of `length` seconds of which all the sound is there."""
        seconds = (min(self._ends[stream] for stream in track.streams) - track.origin) * track.time_base - LOOK_AHEAD
        whole = max(0, int(seconds / length) - 1)
        while Fraction(cut_at(whole + 1, length) * AAC_FRAME, SAMPLE_RATE) <= seconds:
            whole += 1
        return whole


def cut(plan: Plan, starts: Sequence[int]) -> Plan:
    """The first segments of a plan, as many as there are `starts`, at least one; all of the same length."""
    video = _video(plan)
    length = video.segment / video.rate
    cuts = tuple(cut_at(number, length) for number in range(len(starts) + 1))
    return replace(
        plan,
        video=replace(video, frames=len(starts) * video.segment, starts=tuple(starts)),
        audio=tuple(replace(track, samples=cuts[-1] * AAC_FRAME, cuts=cuts) for track in plan.audio),
    )


def _agree(rate: Fraction, claimed: Fraction | None) -> bool:
    """Whether a grid has the rate that the container claims, or a multiple or a part of it (fields, 120 fps)."""
    return claimed is not None and 1 in (rate / claimed).as_integer_ratio()


def _video(plan: Plan) -> VideoPlan:
    if plan.video is None:
        raise ValueError("a plan without a picture does not grow")
    return plan.video
