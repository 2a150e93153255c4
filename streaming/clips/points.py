"""Where a clip begins and ends, as editors write it, on the grid that it is cut on. Pure, and exact: no floats.

299f             frame 299, counted from 0
12.48            seconds; 1:02.5 and 00:01:02.500 with minutes and hours. The nearest frame, halves up
00:01:02:12      timecode, frame 12 of that second; a second of 29.97 has 30 numbers
00:01:02;12      drop-frame timecode, of 29.97 and 59.94 (SMPTE ST 12-1 §5.2.3): close to the clock
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from streaming.http.body import InvalidField

LONGEST: Final = 40
"""Characters of a point."""

_FRAME: Final = re.compile(r"(\d{1,12})f", re.ASCII)
_TIME: Final = re.compile(r"(?:(?:(\d{1,4}):)?([0-5]?\d):)?(\d{1,9}(?:\.\d{1,12})?)", re.ASCII)
_TIMECODE: Final = re.compile(r"(\d{1,4}):([0-5]\d):([0-5]\d)([:;])(\d{2,3})", re.ASCII)
_DROPPED: Final = {Fraction(30000, 1001): 2, Fraction(60000, 1001): 4}
"""Frame numbers that drop-frame timecode leaves out at the beginning of each minute but every tenth."""


def frame_at(text: str, rate: Fraction, *, pointer: str, frames: bool = True) -> int:
    """The frame of a grid of `rate` that a point names; without `frames` only times are understood. Raises
    InvalidField."""
    if frames and (match := _FRAME.fullmatch(text)) is not None:
        return int(match[1])
    if frames and (match := _TIMECODE.fullmatch(text)) is not None:
        hours, minutes, seconds, number = (int(match[place]) for place in (1, 2, 3, 5))
        return _of_timecode(hours, minutes, seconds, number, rate, drops=match[4] == ";", pointer=pointer)
    if (match := _TIME.fullmatch(text)) is not None and not (match[2] and Fraction(match[3]) >= 60):
        time = Fraction(match[3]) + 60 * int(match[2] or 0) + 3600 * int(match[1] or 0)
        return int(time * rate + Fraction(1, 2))
    known = "12.48 (seconds), 00:01:02.5" + (", 00:01:02:12 (timecode) or 299f (frame)" if frames else "")
    raise InvalidField(f"{text[:LONGEST]!r} is no place in time: write one like {known}.", pointer=pointer)


def _of_timecode(
    hours: int, minutes: int, seconds: int, number: int, rate: Fraction, *, drops: bool, pointer: str
) -> int:
    a_second = -(-rate.numerator // rate.denominator)
    if number >= a_second:
        raise InvalidField(f"A second has the frames 0 to {a_second - 1}, not {number}.", pointer=pointer)
    total = 60 * hours + minutes
    count = (60 * total + seconds) * a_second + number
    if not drops:
        return count
    if rate not in _DROPPED:
        raise InvalidField("Drop-frame timecode (;) is of 29.97 and 59.94 frames a second.", pointer=pointer)
    dropped = _DROPPED[rate]
    if seconds == 0 and minutes % 10 and number < dropped:
        raise InvalidField(f"Drop-frame timecode leaves out the frames 0 to {dropped - 1} there.", pointer=pointer)
    return count - dropped * (total - total // 10)


def timecode(frame: int, rate: Fraction) -> str:
    """HH:MM:SS:FF, as `frame_at` reads it."""
    a_second = -(-rate.numerator // rate.denominator)
    seconds, number = divmod(frame, a_second)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}:{number:02}"
