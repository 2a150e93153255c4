"""Time stamps in an MPEG transport stream (ISO/IEC 13818-1): PTS and DTS where an elementary stream's packet begins.

One packet in a hundred does: those are found without a look at the others. The programme's clock (PCR) stays as it is,
for nobody reads it here who knows PTS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from transcoder.live.timing.keeper import Timekeeper

_PACKET: Final = 188
_SYNC: Final = 0x47
_WRAP: Final = 1 << 33
_STARTS: Final = bytes(int(flags & 0x40 > 0) for flags in range(256))
"""payload_unit_start_indicator (§2.4.3.3) of a packet's second byte."""
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
        stream, at = bytearray(self._rest + body), 0
        while len(stream) - at >= _PACKET:
            if stream[at] != _SYNC:
                at = _next_packet(stream, at)
                continue
            end = _synchronous(stream, at)
            starts = stream[at + 1 : end : _PACKET].translate(_STARTS)
            place = starts.find(1)
            while place >= 0:
                self._packet(stream, at + place * _PACKET, now)
                place = starts.find(1, place + 1)
            at = end
        self._rest = bytes(stream[at:])
        return bytes(stream[:at])

    def _packet(self, stream: bytearray, packet: int, now: int) -> None:
        end, begin = packet + _PACKET, packet + 4
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


def _next_packet(stream: bytearray, at: int) -> int:
    """Where a packet may begin behind `at`: one that another follows, if that has come."""
    at = stream.find(_SYNC, at + 1)
    while 0 <= at < len(stream) - _PACKET and stream[at + _PACKET] != _SYNC:
        at = stream.find(_SYNC, at + 1)
    return len(stream) if at < 0 else at


def _synchronous(stream: bytearray, at: int) -> int:
    """Where the whole packets end that follow each other from `at` on."""
    end = at + (len(stream) - at) // _PACKET * _PACKET
    first_bytes = stream[at:end:_PACKET]
    return at + (len(first_bytes) - len(first_bytes.lstrip(b"\x47"))) * _PACKET
