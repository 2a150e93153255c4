"""A live rendition as it is: integers of ticks and milliseconds, never floats.

Segments are numbered by media sequence numbers, parts by their place in their segment. A position is both, and parts
are ordered by it: `(41, 5) < (42, 0)`. Times of day are milliseconds since 1970; `…_ms` marks them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final, TypeAlias

from manifests.hls import decimals

Position: TypeAlias = tuple[int, int]
"""Media sequence number, and index of a part."""

START: Final[Position] = (0, 0)
"""In front of everything."""
_MICROSECONDS: Final = 10**decimals.PLACES


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What never changes while a rendition lives (RFC 8216bis §6.2.1).

    `timescale` ticks are a second; no part lasts more than `part` ticks, no segment has more than `parts` parts.
    `target_duration`, s, is the same in all renditions of a channel.
    """

    timescale: int
    part: int
    parts: int
    target_duration: int

    def __post_init__(self) -> None:
        if min(self.timescale, self.part, self.parts) < 1:
            raise ValueError(f"no pace: {self}")
        if self.parts * self.part >= (self.target_duration + Fraction(1, 2)) * self.timescale:
            raise ValueError("a segment of so many parts is longer than the target duration")

    @property
    def part_target(self) -> Fraction:
        """PART-TARGET, s, on the grid of microseconds: rounded up, since no part may be longer."""
        return Fraction(-(-self.part * _MICROSECONDS // self.timescale), _MICROSECONDS)

    def ticks(self, seconds: int) -> int:
        return seconds * self.timescale

    def ms(self, ticks: int) -> int:
        """The nearest millisecond."""
        return (2 * ticks * 1000 + self.timescale) // (2 * self.timescale)

    def seconds(self, start: int, end: int) -> Fraction:
        """From one moment to another, both on the grid of microseconds: sums of neighbours never drift."""
        return Fraction(self._micros(end) - self._micros(start), _MICROSECONDS)

    def _micros(self, ticks: int) -> int:
        return (2 * ticks * _MICROSECONDS + self.timescale) // (2 * self.timescale)


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePart:
    """`duration` in ticks, `size` in bytes. A `gap` has nothing to load."""

    duration: int
    size: int
    published_ms: int
    independent: bool = False
    gap: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSegment:
    """Segment `number`, from `start` on, in ticks behind the beginning of the rendition.

    `parts` are kept as long as they can be downloaded; `count`, `duration` (ticks) and `size` (bytes) are of all.
    """

    number: int
    start: int
    pdt_ms: int
    """date of its first sample"""
    init: str
    """URI of its init section"""
    new_init: bool = False
    """whether that is another one than that of the segment before"""
    discontinuity: bool = False
    run: int = 0
    """number of the segment from which on all have one init section and their full length, and none is a gap"""
    gap: bool = False
    """whether all of it is missing; a segment is a gap or has none"""
    parts: tuple[LivePart, ...] = ()
    count: int = 0
    duration: int = 0
    size: int = 0
    picture: int = 0
    """bytes from its beginning to the end of its first picture, which can be decoded alone; 0: it begins with none"""
    begun_ms: int = 0
    """when its first part was published"""
    ended_ms: int | None = None
    """when it became whole; None: it grows"""
    unlisted_ms: int | None = None
    """when its parts left the playlist; None: they are listed"""

    @property
    def end(self) -> int:
        return self.start + self.duration

    def with_part(self, part: LivePart, *, picture: int = 0) -> LiveSegment:
        """`picture`: bytes of the part up to the end of the key picture that it begins with."""
        return replace(
            self,
            begun_ms=self.begun_ms if self.count else part.published_ms,
            parts=(*self.parts, part),
            count=self.count + 1,
            duration=self.duration + part.duration,
            size=self.size + part.size,
            picture=self.picture if self.count else picture,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRendition:
    """One media playlist. Made by `change.begin`, changed by the functions of `change` and `ageing` only."""

    pace: Pace
    window: int | None
    """ticks that stay in the playlist at least; None: all of it"""
    number: int
    """of the next segment to begin, or of the one that grows"""
    init: str
    """URI of the init section of what comes next"""
    first: int = 0
    """number of the first segment that there ever was"""
    segments: tuple[LiveSegment, ...] = ()
    """whole, oldest first, numbered without a hole; `growing` is behind them"""
    growing: LiveSegment | None = None
    discontinuity_sequence: int = 0
    """discontinuities that left the playlist (§6.2.2)"""
    discontinuity: bool = False
    """whether the next segment begins with one"""
    ended: bool = False
    run: tuple[int, int] = (0, 0)
    """where dates are counted from: ticks behind the beginning, and their date in ms"""
    changed_ms: int = 0
    """of the last change: the clock of a state never steps back"""

    @property
    def media_sequence(self) -> int:
        """EXT-X-MEDIA-SEQUENCE: number of the first segment, whole or not."""
        return self.segments[0].number if self.segments else self.number

    @property
    def last_whole(self) -> int | None:
        """Number of the last segment that is whole; None: none is."""
        return self.segments[-1].number if self.segments else None

    @property
    def last_part(self) -> Position | None:
        """Position of the last part; None: there is none yet."""
        latest = self.growing or (self.segments[-1] if self.segments else None)
        return None if latest is None else (latest.number, latest.count - 1)

    @property
    def edge(self) -> Position:
        """Position behind all that is there: a part that comes has this one, or a later one."""
        return (self.number, 0) if self.growing is None else (self.growing.number, self.growing.count)

    @property
    def next_part(self) -> Position:
        """Position of the part that comes next, as far as can be said: the one to hint at."""
        if self.growing is None:
            return (self.number, 0)
        full = self.growing.count >= self.pace.parts
        return (self.number + 1, 0) if full else (self.number, self.growing.count)

    @property
    def duration(self) -> int:
        """Ticks of the whole segments."""
        return self.segments[-1].end - self.segments[0].start if self.segments else 0

    @property
    def end(self) -> int:
        """Where the last part ends, in ticks behind the beginning."""
        latest = self.growing or (self.segments[-1] if self.segments else None)
        return 0 if latest is None else latest.end

    @property
    def first_ms(self) -> int | None:
        """Date of the first sample in the playlist; None: there is none."""
        first = self.segments[0] if self.segments else self.growing
        return None if first is None else first.pdt_ms

    def segment(self, number: int) -> LiveSegment | None:
        """A segment of the playlist by its number, whole or not."""
        if self.growing is not None and self.growing.number == number:
            return self.growing
        index = number - self.media_sequence
        return self.segments[index] if 0 <= index < len(self.segments) else None
