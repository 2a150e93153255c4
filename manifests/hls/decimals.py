"""Decimal numbers of playlists as exact fractions (RFC 8216bis §4.2): what cannot be written exactly is refused.

A duration such as 188 × 1024 / 48000 s has no finite decimal form. It is put on a grid of microseconds before it
becomes part of a playlist, by rounding the *ends* of the segments: the sum of any run of durations is then off by at
most one microsecond, however long the asset.
"""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

PLACES: Final = 6
"""Decimal places of durations: microseconds."""

_DECIMAL: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")


def round_half_up(value: Fraction, places: int = 0) -> Fraction:
    """The nearest number with so many decimal places; ties go up, as players round (§4.4.3.1)."""
    scale = 10**places
    return Fraction((2 * value * scale + 1) // 2, scale)


def round_up(value: Fraction, places: int = 0) -> Fraction:
    """The least number with so many decimal places that is not below."""
    scale = 10**places
    return Fraction(-(-value * scale // 1), scale)


def render(value: Fraction, *, places: int = PLACES, pad: bool = False) -> str:
    """At most (with `pad`, exactly) `places` decimals. Raises ValueError for what that cannot express, or negative."""
    scaled = value * 10**places
    if scaled.denominator != 1 or scaled < 0:
        raise ValueError(f"{value} has no exact decimal form of {places} places")
    whole, rest = divmod(scaled.numerator, 10**places)
    decimals = f"{rest:0{places}d}" if pad else f"{rest:0{places}d}".rstrip("0")
    return f"{whole}.{decimals}" if decimals else str(whole)


def parse(text: str) -> Fraction:
    """A decimal-floating-point. Raises ValueError for a sign, an exponent, a bare dot."""
    if _DECIMAL.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no decimal number")
    return Fraction(text)


def durations(ticks: Iterable[int], *, timescale: int) -> tuple[Fraction, ...]:
    """Durations (s) on the microsecond grid of consecutive segments that last so many ticks of 1/timescale s."""
    scale = 10**PLACES
    ends = ((2 * end * scale + timescale) // (2 * timescale) for end in accumulate(ticks, initial=0))
    return tuple(Fraction(end - begin, scale) for begin, end in pairwise(ends))
