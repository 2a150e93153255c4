"""Time stamps in fragmented MP4 (ISO/IEC 14496-12): the decode time of each track in a fragment (`tfdt`, §8.8.12)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from transcoder.boxes import only_child
from transcoder.errors import OutputBroken
from transcoder.live.timing.mp4_boxes import TrackHeader, arrived, children, u32
from transcoder.live.timing.walking import WalkingRestamper

if TYPE_CHECKING:
    from transcoder.boxes import Box
    from transcoder.live.timing.keeper import Timekeeper

_READ: Final = frozenset({b"moov", b"moof"})
_SECOND: Final = 1_000_000


class Mp4Restamper(WalkingRestamper):
    """A fragment is moved as a whole."""

    def __init__(self, keeper: Timekeeper) -> None:
        super().__init__()
        self._keeper = keeper
        self._timescales: dict[int, int] = {}
        self._pictures: int | None = None

    def _walk(self, stream: bytearray, at: int, now: int) -> int:
        try:
            for box in arrived(stream, at, _READ):
                if box.kind in _READ:
                    self._read(stream, box, now)
                at = box.end
        except (OutputBroken, struct.error, IndexError, ValueError):
            self._lost = True
        return at

    def _read(self, stream: bytearray, box: Box, now: int) -> None:
        if box.kind == b"moov":
            for trak in children(stream, box, b"trak"):
                track = TrackHeader(stream, trak)
                self._timescales[track.number] = track.timescale
                if self._pictures is None and track.has_pictures:
                    self._pictures = track.number
            return
        for traf in children(stream, box, b"traf"):
            self._stamp(stream, traf, now)

    def _stamp(self, stream: bytearray, traf: Box, now: int) -> None:
        tfhd, tfdt = only_child(stream, traf, b"tfhd"), only_child(stream, traf, b"tfdt")
        number = u32(stream, tfhd.body + 4)
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
