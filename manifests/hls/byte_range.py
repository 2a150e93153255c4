"""EXT-X-BYTERANGE (RFC 8216bis §4.4.4.2): a part of a resource."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from manifests.errors import PlaylistError

TAG: Final = "EXT-X-BYTERANGE"
_RANGE: Final = re.compile(r"([0-9]{1,20})(?:@([0-9]{1,20}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class ByteRange:
    """`length` bytes from byte `start` on. The start is always written, though it may be left out of a text."""

    start: int
    length: int

    @property
    def end(self) -> int:
        """The byte behind the last one."""
        return self.start + self.length

    def render(self) -> str:
        """`LENGTH@START`, as the tag and the attribute BYTERANGE of EXT-X-MAP have it."""
        if self.start < 0 or self.length < 1:
            raise PlaylistError(f"{TAG}: no range: {self}")
        return f"{self.length}@{self.start}"


def parse(text: str, *, following: int | None, line: int) -> ByteRange:
    """`following`: where a range begins that does not say so: behind the one before it, of the same resource."""
    match = _RANGE.fullmatch(text)
    if match is None:
        raise PlaylistError(f"{TAG}: no byte range: {text!r}", line=line)
    start = following if match[2] is None else int(match[2])
    if start is None:
        raise PlaylistError(f"{TAG} must say where it begins (§4.4.4.2)", line=line)
    return ByteRange(start=start, length=int(match[1]))
