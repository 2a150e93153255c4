"""Bit rates of renditions and of what plays together, from sizes and durations, in integers throughout.

Apple's HLS authoring specification: rules 1.26, 1.27 (measured rates near the declared ones), 9.13 (BANDWIDTH), 9.14
(AVERAGE-BANDWIDTH).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Peak and average bit rate, b/s, rounded up."""

    peak: int
    average: int

    def __add__(self, other: Rates) -> Rates:
        return Rates(peak=self.peak + other.peak, average=self.average + other.average)


def measure(sizes: Sequence[int], ticks: Sequence[int], *, timescale: int, target_duration: int) -> Rates:
    """Rates of one rendition from the byte sizes of its segments and their durations in ticks of 1/timescale s.

    The peak is the largest bit rate of contiguous segments that last 0.5–1.5 × the target duration (s), and no less
    than the average: the short segments that a clip begins and ends with may lie in no such run. Raises ValueError for
    no segments, or lists of different lengths.
    """
    if not sizes or len(sizes) != len(ticks) or min(ticks) <= 0:
        raise ValueError("every segment needs a size and a duration")
    average = _rate(sum(sizes), sum(ticks), timescale)
    low, high = target_duration * timescale, 3 * target_duration * timescale  # both doubled
    peak = 0
    for first in range(len(sizes)):
        size = length = 0
        for index in range(first, len(sizes)):
            size, length = size + sizes[index], length + ticks[index]
            if 2 * length > high:
                break
            if 2 * length >= low:
                peak = max(peak, _rate(size, length, timescale))
    return Rates(peak=max(peak, average), average=average)


def _rate(size: int, ticks: int, timescale: int) -> int:
    return -(-8 * size * timescale // ticks)


def together(own: Rates, groups: Iterable[Iterable[Rates]]) -> Rates:
    """Rates of a variant: the largest sum over all combinations of its own playlist with one rendition of each group.

    Peak and average are each the largest of their kind (rule 9.13): the sum of the maxima, since groups combine freely.
    """
    total = own
    for group in groups:
        members = tuple(group)
        total += Rates(peak=max(each.peak for each in members), average=max(each.average for each in members))
    return total
