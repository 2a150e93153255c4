"""Time stamps in fragmented MP4 (ISO/IEC 14496-12): the decode time of each track in a fragment (`tfdt`, §8.8.12)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from transcoder.boxes import only_child, read_boxes, read_header
from transcoder.errors import OutputBroken

if TYPE_CHECKING:
    from transcoder.boxes import Box
    from transcoder.live.timing.keeper import Timekeeper

_READ: Final = frozenset({b"moov", b"moof"})
_LARGEST: Final = 1 << 20
_SECOND: Final = 1_000_000


class Mp4Restamper:
    """`Restamper`. A fragment is moved as a whole."""

    def __init__(self, keeper: Timekeeper) -> None:
        self._keeper = keeper
        self._rest = b""
        self._skip = 0
        self._timescales: dict[int, int] = {}
        self._pictures: int | None = None
        self._lost = False

    def feed(self, body: bytes, now: int) -> bytes:
        if self._lost:
            return body
        if self._skip >= len(body):  # the middle of a box: nothing is held back
            self._skip -= len(body)
            return body
        stream, at = bytearray(self._rest + body), self._skip
        self._rest, self._skip = b"", 0
        try:
            while (box := read_header(stream, at)) is not None:
                if box.kind in _READ:
                    if box.end - box.start > _LARGEST:
                        raise OutputBroken("a header larger than any is")
                    if box.end > len(stream):
                        break
                    self._read(stream, box, now)
                at = box.end
        except (OutputBroken, struct.error, IndexError, ValueError):
            self._lost = True
            return bytes(stream)
        if at < len(stream):
            self._rest = bytes(stream[at:])
            del stream[at:]
        else:
            self._skip = at - len(stream)
        return bytes(stream)

    def _read(self, stream: bytearray, box: Box, now: int) -> None:
        if box.kind == b"moov":
            for trak in _children(stream, box, b"trak"):
                self._track(stream, trak)
            return
        for traf in _children(stream, box, b"traf"):
            self._stamp(stream, traf, now)

    def _track(self, stream: bytearray, trak: Box) -> None:
        tkhd, mdia = only_child(stream, trak, b"tkhd"), only_child(stream, trak, b"mdia")
        mdhd, hdlr = only_child(stream, mdia, b"mdhd"), only_child(stream, mdia, b"hdlr")
        number = _u32(stream, tkhd.body + 4 + (16 if stream[tkhd.body] == 1 else 8))
        self._timescales[number] = _u32(stream, mdhd.body + 4 + (16 if stream[mdhd.body] == 1 else 8))
        if self._pictures is None and stream[hdlr.body + 8 : hdlr.body + 12] == b"vide":
            self._pictures = number

    def _stamp(self, stream: bytearray, traf: Box, now: int) -> None:
        tfhd, tfdt = only_child(stream, traf, b"tfhd"), only_child(stream, traf, b"tfdt")
        number = _u32(stream, tfhd.body + 4)
        scale = self._timescales.get(number, 0)
        if not scale:
            return
        form = ">Q" if stream[tfdt.body] == 1 else ">I"
        (time,) = struct.unpack_from(form, stream, tfdt.body + 4)
        at = time * _SECOND // scale
        # Pictures are shown whole durations after they are decoded, so both lie alike between the places of the grid.
        is_pictures = number == self._pictures
        shift = self._keeper.picture(number, at, now, shown=at) if is_pictures else self._keeper.sound(number, at, now)
        moved = max(0, time + (2 * shift * scale + _SECOND) // (2 * _SECOND))
        struct.pack_into(form, stream, tfdt.body + 4, moved % (1 << 8 * struct.calcsize(form)))


def _children(stream: bytearray, parent: Box, kind: bytes) -> list[Box]:
    return [box for box in read_boxes(stream, parent.body, parent.end) if box.kind == kind]


def _u32(stream: bytearray, at: int) -> int:
    return int(struct.unpack_from(">I", stream, at)[0])
