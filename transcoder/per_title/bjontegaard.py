"""Bjøntegaard's delta rate: how many more bits one ladder takes than another, at equal quality. Pure."""

from __future__ import annotations

import itertools
from math import exp, log
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

Point: TypeAlias = tuple[float, float]
"""b/s and VMAF."""

_STEPS = 1000


def bd_rate(ladder: Sequence[Point], against: Sequence[Point]) -> float:
    """The mean difference of ln(rate) over the qualities that both reach, as a ratio less 1: −0.2 is 20 % fewer bits.

    Between its rungs a ladder's ln(rate) goes over VMAF as a monotone cubic (Fritsch and Carlson): with as few and as
    unevenly spaced points, the polynomial of the first proposal (VCEG-M33) swings. NaN if they share no quality.
    """
    ours, theirs = _curve(ladder), _curve(against)
    low = max(ours[0][0], theirs[0][0])
    high = min(ours[-1][0], theirs[-1][0])
    if high - low < 1:
        return float("nan")
    places = [low + (high - low) * (step + 0.5) / _STEPS for step in range(_STEPS)]
    return exp(sum(_at(ours, x) - _at(theirs, x) for x in places) / _STEPS) - 1


def rising(ladder: Sequence[Point]) -> list[Point]:
    """The rungs that are worth their bits: each looks better than all that are cheaper."""
    found: list[Point] = []
    for rate, vmaf in sorted(ladder):
        if not found or vmaf > found[-1][1] + 0.01:
            if found and found[-1][0] == rate:
                found.pop()
            found.append((rate, vmaf))
    return found


def _curve(ladder: Sequence[Point]) -> list[tuple[float, float, float]]:
    """Knots of ln(rate) over VMAF, with the slopes of a monotone cubic."""
    points = [(vmaf, log(rate)) for rate, vmaf in rising(ladder)]
    if len(points) < 2:
        return [(x, y, 0.0) for x, y in points]
    steps = [(b[0] - a[0], (b[1] - a[1]) / (b[0] - a[0])) for a, b in itertools.pairwise(points)]
    slopes = [steps[0][1]]
    for (h0, d0), (h1, d1) in itertools.pairwise(steps):
        slopes.append(3 * (h0 + h1) / ((2 * h1 + h0) / d0 + (h1 + 2 * h0) / d1))
    slopes.append(steps[-1][1])
    return [(x, y, slope) for (x, y), slope in zip(points, slopes, strict=True)]


def _at(curve: Sequence[tuple[float, float, float]], x: float) -> float:
    place = next((i for i in range(1, len(curve) - 1) if curve[i][0] >= x), len(curve) - 1)
    (x0, y0, m0), (x1, y1, m1) = curve[place - 1], curve[place]
    h = x1 - x0
    t = (x - x0) / h
    return (
        (1 + 2 * t) * (1 - t) ** 2 * y0
        + t * (1 - t) ** 2 * h * m0
        + t * t * (3 - 2 * t) * y1
        + t * t * (t - 1) * h * m1
    )
