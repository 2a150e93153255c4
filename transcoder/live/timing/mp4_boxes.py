"""Boxes of a fragmented MP4 of several tracks (ISO/IEC 14496-12), read in passing, as they come in."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from transcoder.boxes import only_child, read_boxes, read_header
from transcoder.errors import OutputBroken

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from transcoder.boxes import Box

LARGEST: Final = 1 << 20
"""Bytes of an init section, or of a fragment's header, at the most."""


def arrived(stream: bytes | bytearray, at: int, wanted: Container[bytes]) -> Iterator[Box]:
    """The boxes from `at` on, up to the first one of those that are `wanted` of which something is still to come. Of
    others the header is enough. Raises OutputBroken."""
    while (box := read_header(stream, at)) is not None:
        if box.kind in wanted:
            if box.end - box.start > LARGEST:
                raise OutputBroken("a header larger than any is")
            if box.end > len(stream):
                return
        yield box
        at = box.end


def children(stream: bytes | bytearray, parent: Box, kind: bytes) -> list[Box]:
    """All of that type. Raises OutputBroken."""
    return [box for box in read_boxes(stream, parent.body, parent.end) if box.kind == kind]


def u32(stream: bytes | bytearray, at: int) -> int:
    """Raises struct.error behind the end."""
    return int(struct.unpack_from(">I", stream, at)[0])


class TrackHeader:
    """What a `trak` says of itself. Raises OutputBroken if a box is not there, struct.error if one is too short."""

    def __init__(self, stream: bytes | bytearray, trak: Box) -> None:
        self._stream = stream
        mdia = only_child(stream, trak, b"mdia")
        self._tkhd = only_child(stream, trak, b"tkhd")
        self._mdhd, self._hdlr = only_child(stream, mdia, b"mdhd"), only_child(stream, mdia, b"hdlr")

    @property
    def number(self) -> int:
        """track_ID (§8.3.2)"""
        return self._behind_dates(self._tkhd)

    @property
    def timescale(self) -> int:
        """Ticks a second (§8.4.2)."""
        return self._behind_dates(self._mdhd)

    @property
    def has_pictures(self) -> bool:
        return self._stream[self._hdlr.body + 8 : self._hdlr.body + 12] == b"vide"

    def _behind_dates(self, box: Box) -> int:
        """They are of 64 bits in version 1."""
        return u32(self._stream, box.body + 4 + (16 if self._stream[box.body] == 1 else 8))
