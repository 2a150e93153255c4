"""What was told about a live event by whatever process, and what contradicts it."""

from __future__ import annotations

import hashlib
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from manifests.hls.part import Part

if TYPE_CHECKING:
    from datetime import datetime

    from manifests.hls import MediaPlaylist, Segment, SegmentHead

_ROUNDED: Final = 0.002
"""s between dates in milliseconds and durations in microseconds."""

_NUMBERS: Final = ("MEDIA-SEQUENCE", "DISCONTINUITY-SEQUENCE", "the last MSN")


@dataclass
class Rendition:
    """The latest numbers that anybody was told, and all segments and parts ever listed."""

    first: int = 0
    gone: int = 0
    last: int = 0
    segments: dict[int, tuple[object, ...]] = field(default_factory=dict)
    parts: dict[str, tuple[object, ...]] = field(default_factory=dict)
    discontinuities: dict[int, int] = field(default_factory=dict)
    """DISCONTINUITY-SEQUENCE of each segment."""


class Record:
    """`faults`: all that must not be, in words."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.renditions: dict[str, Rendition] = defaultdict(Rendition)
        self.digests: dict[str, str] = {}
        self.counts: Counter[str] = Counter()
        self.part_times: list[float] = []
        """When a part was seen for the first time, by `time.monotonic`."""

    def fault(self, what: str) -> None:
        self.faults.append(what)

    def before(self, path: str) -> tuple[int, int, int]:
        """What is known as a request begins: its answer may not be older."""
        known = self.renditions[path]
        return known.first, known.gone, known.last

    def playlist(self, path: str, before: tuple[int, int, int], now: MediaPlaylist, *, who: str) -> None:
        """An answer to a request that began when `before` was known."""
        known = self.renditions[path]
        numbers = (now.media_sequence, now.discontinuity_sequence or 0, now.media_sequence + len(now.segments))
        for name, was, has in zip(
            ("MEDIA-SEQUENCE", "DISCONTINUITY-SEQUENCE", "the last MSN"), before, numbers, strict=True
        ):
            if has < was:
                self.fault(f"{path} of {who}: {name} steps back from {was} to {has}")
        known.first, known.gone, known.last = (max(pair) for pair in zip(self.before(path), numbers, strict=True))
        sequence = now.discontinuity_sequence or 0
        for place, segment in enumerate(now.segments):
            number = now.media_sequence + place
            sequence += segment.discontinuity
            if known.discontinuities.setdefault(number, sequence) != sequence:
                self.fault(f"{path} of {who}: segment {number} has another discontinuity number")
            said = (segment.uri, segment.duration, segment.gap, segment.discontinuity, segment.program_date_time)
            if known.segments.setdefault(number, said) != said:
                self.fault(f"{path} of {who}: segment {number} was {known.segments[number]}, is {said}")
            self._parts(path, segment, who)
            if segment.parts and abs(sum(part.duration for part in segment.parts) - segment.duration) > _ROUNDED:
                self.fault(f"{path} of {who}: segment {number} is not as long as its parts")
        if now.growing is not None:
            self._parts(path, now.growing, who)
        self._dates(path, now, who)

    def _parts(self, path: str, segment: SegmentHead, who: str) -> None:
        known = self.renditions[path].parts
        for part in segment.listed:
            if not isinstance(part, Part):
                continue
            said = (part.duration, part.independent, part.gap)
            if part.uri not in known:
                self.part_times.append(time.monotonic())
            if known.setdefault(part.uri, said) != said:
                self.fault(f"{path} of {who}: part {part.uri} was {known[part.uri]}, is {said}")

    def _dates(self, path: str, now: MediaPlaylist, who: str) -> None:
        for one, two in pairwise(now.segments):
            if not two.discontinuity and (wrong := _apart(one, two.program_date_time)):
                self.fault(f"{path} of {who}: {two.uri} begins {wrong:+.3f} s beside the end of {one.uri}")
            if two.discontinuity and (wrong := _apart(one, two.program_date_time)) and wrong < 0:
                self.fault(f"{path} of {who}: the date steps back at {two.uri} by {wrong:.3f} s")

    def body(self, path: str, body: bytes, *, who: str) -> None:
        if not body:
            self.fault(f"{path} of {who} is empty")
        digest = hashlib.sha256(body).hexdigest()
        if self.digests.setdefault(path, digest) != digest:
            self.fault(f"{path} of {who} has other bytes than before")


def _apart(before: Segment, date: datetime | None) -> float:
    if date is None or before.program_date_time is None:
        return 0.0
    found = (date - before.program_date_time - timedelta(seconds=float(before.duration))).total_seconds()
    return found if abs(found) > _ROUNDED else 0.0
