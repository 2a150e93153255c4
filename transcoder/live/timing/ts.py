"""Time stamps in an MPEG transport stream (ISO/IEC 13818-1): PTS and DTS where an elementary stream's packet begins.

One packet in a hundred does: those are found without a look at the others. The programme's clock (PCR) stays as it is,
for nobody reads it here who knows PTS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from transcoder.live.timing.ts_packets import PACKET, beginnings

if TYPE_CHECKING:
    from transcoder.live.timing.keeper import Timekeeper

_WRAP: Final = 1 << 33
_PICTURES: Final = range(0xE0, 0xF0)
"""stream_id (§2.4.3.7)."""
_WITHOUT_HEADER: Final = frozenset({0xBC, 0xBE, 0xBF, 0xF0, 0xF1, 0xF2, 0xF8, 0xFF})
"""Those whose packets have no optional header, so no stamps either."""
_PTS, _DTS = 9, 14  # places in a PES packet, of five bytes each


class TsRestamper:
    """`Restamper`. The pictures of the first stream that has any are put on the grid."""

    def __init__(self, keeper: Timekeeper) -> None:
        self._keeper = keeper
        self._rest = b""
        self._last: int | None = None
        self._pictures: int | None = None

    def feed(self, body: bytes, now: int) -> bytes:
        stream = bytearray(self._rest + body)
        found, end = beginnings(stream)
        for at in found:
            self._packet(stream, at, now)
        self._rest = bytes(stream[end:])
        return bytes(stream[:end])

    def _packet(self, stream: bytearray, packet: int, now: int) -> None:
        end, begin = packet + PACKET, packet + 4
        if stream[packet + 3] & 0xC0 or not stream[packet + 3] & 0x10:
            return  # scrambled, or without a payload
        if stream[packet + 3] & 0x20:  # an adaptation field stands before the payload
            begin += 1 + stream[begin]
        if begin + _DTS > end or stream[begin : begin + 3] != b"\0\0\1" or stream[begin + 3] in _WITHOUT_HEADER:
            return
        if stream[begin + 6] & 0xC0 != 0x80 or not stream[begin + 7] & 0x80:
            return
        has_both = stream[begin + 7] & 0x40 > 0 and begin + _DTS + 5 <= end
        shown = self._unwrapped(_read(stream, begin + _PTS))
        decoded = self._unwrapped(_read(stream, begin + _DTS)) if has_both else shown
        self._last = decoded
        pid, kind = (stream[packet + 1] & 0x1F) << 8 | stream[packet + 2], stream[begin + 3]
        if kind in _PICTURES and self._pictures in (None, pid):
            self._pictures = pid
            shift = self._keeper.picture(pid, decoded * 100 // 9, now, shown=shown * 100 // 9)
        else:
            shift = self._keeper.sound(pid, decoded * 100 // 9, now)
        ticks = (2 * shift * 9 + 100) // 200
        _write(stream, begin + _PTS, shown + ticks)
        if has_both:
            _write(stream, begin + _DTS, decoded + ticks)

    def _unwrapped(self, stamp: int) -> int:
        """33 bits go round in 26 hours: the nearest to what came last."""
        if self._last is None:
            return stamp
        return self._last + (stamp - self._last + _WRAP // 2) % _WRAP - _WRAP // 2


def _read(stream: bytearray, at: int) -> int:
    return (
        (stream[at] & 0x0E) << 29
        | stream[at + 1] << 22
        | (stream[at + 2] & 0xFE) << 14
        | stream[at + 3] << 7
        | stream[at + 4] >> 1
    )


def _write(stream: bytearray, at: int, stamp: int) -> None:
    """Between the bits that mark where each piece of it ends (§2.4.3.6)."""
    stamp %= _WRAP
    stream[at] = stream[at] & 0xF1 | stamp >> 29 & 0x0E
    stream[at + 1] = stamp >> 22 & 0xFF
    stream[at + 2] = stamp >> 14 & 0xFE | 1
    stream[at + 3] = stamp >> 7 & 0xFF
    stream[at + 4] = (stamp << 1 & 0xFE) | 1
