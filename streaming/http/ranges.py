"""Byte ranges (RFC 9110 §14)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from streaming.http.problem import RangeNotSatisfiable

_RANGE: Final = re.compile(r"\s*bytes\s*=\s*(?:(\d{1,99})\s*-\s*(\d{1,99})?|-\s*(\d{1,99}))\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ByteRange:
    """Bytes [start, start + length) of `size`."""

    start: int
    length: int
    size: int

    @property
    def content_range(self) -> str:
        return f"bytes {self.start}-{self.start + self.length - 1}/{self.size}"


def parse_range(header: str | None, size: int) -> ByteRange | None:
    """The one range that is asked for; None means the whole.

    Several ranges, another unit and what is malformed mean the whole: §14.2 lets a server ignore Range, and
    no player asks for several. Raises RangeNotSatisfiable (with Content-Range) for a range behind the end.
    """
    match = _RANGE.fullmatch(header) if header is not None else None
    if match is None:
        return None
    first, last, suffix = match.groups()
    if suffix is not None:
        length = min(int(suffix), size)
        start = size - length
    else:
        start = int(first)
        end = size - 1 if last is None else min(int(last), size - 1)
        if last is not None and int(last) < start:
            return None  # §14.1.1: last before first is invalid, and an invalid header is ignored
        length = end - start + 1
    if length <= 0 or start >= size:
        raise RangeNotSatisfiable(f"There are {size} bytes.", headers={"Content-Range": f"bytes */{size}"})
    return ByteRange(start=start, length=length, size=size)
