"""The grid of a live event: which frame and which sample belongs to which part and segment. Pure, in integers.

Its origin is the epoch, so that encoders of one feed agree on every number, whenever they were started. A part is the
shortest time near the wanted one that both a picture and an AAC frame end with: no duration is ever rounded.

| pictures a second | part | pictures, AAC frames | segment | key pictures |
|---|---|---|---|---|
| 25, 50 | 0.32 s | 8 or 16, 15 | 1.92 s | every 1.92 s |
| 30, 60 | 0.5333 s | 16 or 32, 25 | 3.2 s | every 1.6 s |

Parts of twice that length are the option for players that are far away.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

AAC_FRAME: Final = 1024
SAMPLE_RATE: Final = 48_000
PICTURE_TRACK: Final = 1
SOUND_TRACK: Final = 2
"""track_ID of the fragments. Not the same, so that a recording can read both as one file."""
VIDEO_TIMESCALE: Final = 90_000
"""Ticks a second of every picture track: a whole number of them is a picture's at 25, 30, 50 and 60 a second."""

_RATES: Final = (25, 30, 50, 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """`rate` pictures a second. A part has `part` pictures and `audio_part` AAC frames; `parts` of them are a segment,
    and a key picture stands at every `parts_of_gop`-th part."""

    rate: int
    part: int
    audio_part: int
    parts: int
    parts_of_gop: int

    def __post_init__(self) -> None:
        if Fraction(self.part, self.rate) != Fraction(self.audio_part * AAC_FRAME, SAMPLE_RATE):
            raise ValueError("a part ends with a picture and an AAC frame")
        if self.parts % self.parts_of_gop or 1000 * self.parts * self.part % self.rate:
            raise ValueError("a segment is whole groups of pictures, and whole milliseconds")

    @property
    def part_s(self) -> Fraction:
        return Fraction(self.part, self.rate)

    @property
    def segment_s(self) -> Fraction:
        return self.part_s * self.parts

    @property
    def segment_ms(self) -> int:
        return int(self.segment_s * 1000)

    @property
    def gop(self) -> int:
        """Pictures between key pictures."""
        return self.part * self.parts_of_gop

    def segment_at(self, ms: int) -> int:
        """The number of the segment in which a moment lies (ms since the epoch)."""
        return ms // self.segment_ms

    def video(self, divisor: int = 1) -> TrackGrid:
        """The grid of a rung that keeps every `divisor`-th picture."""
        return TrackGrid(
            timescale=VIDEO_TIMESCALE,
            sample=VIDEO_TIMESCALE * divisor // self.rate,
            part=VIDEO_TIMESCALE * self.part // self.rate,
            parts=self.parts,
        )

    def audio(self) -> TrackGrid:
        return TrackGrid(
            timescale=SAMPLE_RATE, sample=AAC_FRAME, part=self.audio_part * AAC_FRAME, parts=self.parts, id=SOUND_TRACK
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackGrid:
    """The same in ticks of 1/`timescale` s: a sample lasts `sample`, a part `part`; `parts` are a segment. `id` is the
    track_ID."""

    timescale: int
    sample: int
    part: int
    parts: int
    id: int = PICTURE_TRACK

    @property
    def segment(self) -> int:
        return self.part * self.parts

    def ticks(self, ms: int) -> int:
        """A moment in ticks (rounded down)."""
        return ms * self.timescale // 1000

    def ms(self, ticks: int) -> int:
        """The same the other way round, to the nearest millisecond."""
        return (2 * ticks * 1000 + self.timescale) // (2 * self.timescale)


def grid_for(rate: Fraction, *, long_parts: bool = False) -> Grid:
    """The grid for a picture that comes with `rate` frames a second: the nearest of 25, 30, 50 and 60.

    With `long_parts` a part is twice as long.
    """
    nearest = min(_RATES, key=lambda each: abs(each - rate))
    times = 2 if long_parts else 1
    if nearest % 25 == 0:
        return Grid(
            rate=nearest, part=8 * nearest // 25 * times, audio_part=15 * times, parts=6 // times,
            parts_of_gop=6 // times,
        )  # fmt: skip
    # Two seconds at most lie between key pictures (Apple 1.13): half a segment, or one of its three long parts.
    return Grid(
        rate=nearest, part=16 * nearest // 30 * times, audio_part=25 * times, parts=6 // times,
        parts_of_gop=1 if long_parts else 3,
    )  # fmt: skip
