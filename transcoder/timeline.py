"""The grid: a constant, rational frame rate onto which a source's pictures are laid, once, for every window alike.

Pure, in integers and fractions. A picture's slot is its time on the grid rounded to the nearest slot (halves up); slot
k shows the latest picture whose slot is not after k, and the first picture from slot 0. This is what ffmpeg's `fps`
filter does (`round=near`), so a window that begins anywhere selects the pictures that the whole would.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from statistics import median_low
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_RATE: Final = Fraction(60)
"""Frames a second that a rendition may have (Apple authoring rule 1.19)."""

_NTSC: Final = tuple(Fraction(rate * 1000, 1001) for rate in (24, 30, 48, 60, 120))
STANDARD: Final = tuple(sorted((*map(Fraction, (24, 25, 30, 48, 50, 60, 100, 120)), *_NTSC)))
"""Frame rates that cameras and editors make."""

_VFR_RATE: Final = Fraction(30)
_SAMPLE: Final = 4096
_FIT: Final = Fraction(3, 10)
_FULL: Final = Fraction(9, 10)
_UNHEARD: Final = Fraction(1, 40)
"""Seconds of sound before the first picture that a presentation may begin without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """`frames` slots at `rate`. `origin` is the source's time (in `time_base`) of slot 0.

    `constant` says that every picture has a slot of its own and no slot is without one, from the first picture on.
    """

    rate: Fraction
    frames: int
    time_base: Fraction
    origin: int
    constant: bool

    def slot(self, stamp: int) -> int:
        """The slot that a picture with this time stamp is rounded to; may be negative before the origin."""
        return _nearest((stamp - self.origin) * self.time_base * self.rate)

    def shown(self, stamps: Sequence[int], slot: int) -> int:
        """The time stamp of the picture that a slot shows, out of all `stamps` (rising)."""
        edge = self.origin + Fraction(2 * slot + 1, 2) / (self.rate * self.time_base)
        return stamps[max(0, bisect_left(stamps, ceil(edge)) - 1)]


def _nearest(value: Fraction) -> int:
    """To the nearest integer, halves up."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def lay(
    stamps: Sequence[int],
    end: int,
    *,
    time_base: Fraction,
    zero: Fraction,
    total: Fraction | None = None,
    claimed: Fraction | None = None,
    fields: bool = False,
    begun: Grid | None = None,
) -> Grid:
    """The grid of a picture track.

    `stamps` (rising, not empty) and `end` are in `time_base`; `zero` is the earliest time of all streams in seconds
    of the source's clock, at or before the first picture; `total` the presentation's length in seconds where it
    outlasts the picture (the last picture stays); `claimed` the container's frame rate; `fields` doubles the rate: each
    field becomes a frame. `begun` is the grid that the first pictures were laid on: its rate and origin stay, and all
    of its frames.
    """
    if begun is not None:
        grid = replace(begun, time_base=time_base)
        mean = (len(stamps) - 1) / max(Fraction(stamps[-1] - stamps[0]) * time_base, 1 / MAX_RATE)
        return _filled(grid, stamps, end, total=total, drops=not fields and mean > grid.rate * 3 / 2, fields=fields)
    source_rate = _source_rate(stamps, end, time_base, claimed)
    rate = source_rate * 2 if fields else source_rate
    drop = -(-rate // MAX_RATE)  # a 120 fps source keeps every second picture
    rate /= drop
    rate *= -(-1 // rate)  # a slide show slower than 1 fps goes onto a multiple: an IDR every 2 s needs a frame there
    # The first picture stands exactly on its slot, so that rounding in the source's time stamps (a millisecond in
    # WebM) never makes it flicker between two slots. Where pictures are dropped, both candidates of a slot are kept off
    # the rounding edge for the same reason.
    lead = _lead(stamps[0] * time_base - zero, rate) + Fraction(drop > 1, 2 * drop)
    origin = _nearest(stamps[0] - lead / (rate * time_base))
    grid = Grid(rate=rate, frames=1, time_base=time_base, origin=origin, constant=False)
    return _filled(grid, stamps, end, total=total, drops=drop > 1, fields=fields)


def _lead(late: Fraction, rate: Fraction) -> int:
    """How many slots come before that of a first picture which is `late` seconds later than all else.

    Neither the picture nor the sound is moved: the presentation begins with a slot. So a little of what is heard before
    the first picture is left out (encoders' priming, often), or the first picture is shown for one frame more.
    """
    whole, rest = divmod(late * rate, 1)
    return int(whole) + (rest / rate > _UNHEARD)


def _filled(grid: Grid, stamps: Sequence[int], end: int, *, total: Fraction | None, drops: bool, fields: bool) -> Grid:
    """The grid with as many frames as the pictures fill, and no fewer than it has."""
    # A last picture that claims next to no duration is shown all the same, unless it is one of those dropped.
    least = grid.slot(stamps[0] if drops else stamps[-1]) + 1
    frames = max(grid.frames, grid.slot(end), least, _nearest((total or Fraction(0)) * grid.rate))
    return replace(grid, frames=frames, constant=not fields and _consecutive(grid, stamps))


def _consecutive(grid: Grid, stamps: Sequence[int]) -> bool:
    first = grid.slot(stamps[0])
    if grid.slot(stamps[-1]) - first != len(stamps) - 1:
        return False
    top, bottom = (grid.time_base * grid.rate).as_integer_ratio()  # whole numbers only: there may be millions
    return all(
        (2 * (stamp - grid.origin) * top + bottom) // (2 * bottom) == number
        for number, stamp in enumerate(stamps, first)
    )


def _source_rate(stamps: Sequence[int], end: int, time_base: Fraction, claimed: Fraction | None) -> Fraction:
    """The rate of the source's own pictures: exact if they keep one, the nearest sensible rate if they do not."""
    if len(stamps) == 1:
        rate = claimed or 1 / ((end - stamps[0]) * time_base)
        return min(STANDARD, key=lambda standard: abs(standard - rate))
    sample = _sample(stamps)
    mean = (len(stamps) - 1) / ((stamps[-1] - stamps[0]) * time_base)
    cadence = 1 / (median_low([later - earlier for earlier, later in sample if later > earlier]) * time_base)
    candidates = [rate for rate in STANDARD if Fraction(9, 10) < rate / mean < Fraction(11, 10)]
    for fits in (candidates, _plain(mean, claimed)):
        scored = [(error, rate) for rate in fits if (error := _misfit(stamps, rate * time_base, full=True)) is not None]
        if scored:
            least = min(error for error, _ in scored)
            # Two rates within the rounding of the time stamps (24 and 23.976 in a short WebM): the container knows.
            close = [rate for error, rate in scored if error <= least + time_base * rate / 2 + Fraction(1, 100)]
            return claimed if claimed in close else min(scored)[1]
    # Variable: a rate near the cadence of most pictures whose slots hold every picture exactly, else the nearest.
    usual = [rate for rate in STANDARD if rate <= MAX_RATE]
    for rate in usual:
        if abs(rate / cadence - 1) < Fraction(1, 10) and _misfit(stamps, rate * time_base, full=False) is not None:
            return rate
    if cadence < usual[0]:
        return _VFR_RATE
    return min(usual, key=lambda rate: abs(rate - cadence))


def _plain(mean: Fraction, claimed: Fraction | None) -> list[Fraction]:
    """Rates of sources that keep a rate of their own: the container's word, whole and half rates, the mean."""
    found = [] if claimed is None else [claimed]
    found += [Fraction(round(mean)), Fraction(round(2 * mean), 2), mean.limit_denominator(1001)]
    return [rate for rate in found if rate > 0]


def _sample(stamps: Sequence[int]) -> list[tuple[int, int]]:
    """Neighbours: all of a short track, spread over a long one."""
    step = max(1, (len(stamps) - 1) // _SAMPLE)
    return [(stamps[place], stamps[place + 1]) for place in range(0, len(stamps) - 1, step)]


def _misfit(stamps: Sequence[int], slots_a_tick: Fraction, *, full: bool) -> Fraction | None:
    """How far (in slots, at most) pictures stand off a grid that begins at the first; None if they do not fit it.

    They fit if no two share a slot and none is far from its own; `full` wants few slots without a picture, otherwise
    pictures must stand on their slots within the rounding of the time base.
    """
    first = stamps[0]
    filled = Fraction(len(stamps), _nearest((stamps[-1] - first) * slots_a_tick) + 1)
    if full and filled < _FULL:
        return None
    allowed = _FIT if full else min(_FIT, slots_a_tick / 2 + Fraction(1, 1000))
    worst = Fraction(0)
    for earlier, later in _sample(stamps):
        place = (later - first) * slots_a_tick
        slot = _nearest(place)
        if slot == _nearest((earlier - first) * slots_a_tick):
            return None
        worst = max(worst, abs(place - slot))
        if worst > allowed:
            return None
    return worst
