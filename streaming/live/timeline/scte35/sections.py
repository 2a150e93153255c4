"""Sections of SCTE 35 in an MPEG transport stream (ISO/IEC 13818-1), and how its clock goes.

A stream has thousands of packets a second, and one in a hundred thousand is of interest: those are found by their PID
without a look at the others. Of several programmes the first, as the encoder takes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from streaming.live.timeline.scte35.splice import LONGEST, check_sum

if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKET: Final = 188
_SYNC: Final = b"G"
_PAT: Final = 0
_NO_PID: Final = 0x1FFF
_SCTE35: Final = 0x86
"""stream_type (SCTE 35 §8.1)."""
_LOSSES: Final = 64
"""Times that the beginning of a packet is looked for in a piece of the stream."""
_CHANGES: Final = 4
"""Times that a piece of the stream may say anew what the programme is made of."""
_STREAMS: Final = 8
"""Streams of splices in a programme at most."""


@dataclass(slots=True, kw_only=True)
class _Gathering:
    """The section that a PID is in the middle of."""

    body: bytearray = field(default_factory=bytearray)
    inside: bool = False
    count: int | None = None


class SectionScanner:
    """`clock`: the last PCR, ticks of 90 kHz modulo 2^33; None before the first."""

    def __init__(self) -> None:
        self.clock: int | None = None
        self._rest = b""
        self._map: int | None = None
        self._clock_pid = _NO_PID
        self._splices: frozenset[int] = frozenset()
        self._gathering: dict[int, _Gathering] = {}

    def feed(self, body: bytes) -> list[bytes]:
        """The sections that are whole by now; their check sums are not looked at."""
        stream, found, losses = self._rest + body, list[bytes](), 0
        while len(stream) >= _PACKET:
            firsts = stream[::_PACKET]
            run = len(firsts) - len(firsts.lstrip(_SYNC))
            if run < min(2, len(firsts)):  # any byte may look like the beginning of a packet, two seldom do
                losses += 1
                begin = stream.find(_SYNC, 1) if losses <= _LOSSES else -1
                stream = stream[begin:] if begin > 0 else b""
                continue
            whole = min(run, len(stream) // _PACKET) * _PACKET
            found += self._packets(stream[:whole])
            stream = stream[whole:]
        self._rest = stream
        return found

    def _packets(self, packets: bytes) -> Iterator[bytes]:
        low = packets[2::_PACKET]
        places = self._next(packets, low, 0)
        changes = 0
        while places:
            pid = min(places, key=places.__getitem__)
            place = places.pop(pid)
            packet = packets[place * _PACKET : (place + 1) * _PACKET]
            if pid == self._clock_pid:
                clock = _clock(packet)
                if clock is not None:
                    self.clock = clock
            known = (self._map, self._splices, self._clock_pid)
            if pid != self._clock_pid or pid in self._splices:
                for section in self._payload(pid, packet):
                    if pid in self._splices:
                        yield section
                    else:
                        self._table(pid, section)
            if known != (self._map, self._splices, self._clock_pid):
                changes += 1
                places = self._next(packets, low, place + 1) if changes <= _CHANGES else {}
            elif pid != self._clock_pid or self.clock is None or pid in self._splices:
                _look(places, packets, low, pid, place + 1)

    def _next(self, packets: bytes, low: bytes, start: int) -> dict[int, int]:
        """The next packet of each PID that is of interest. Of those with the clock one in a piece of the stream is."""
        places: dict[int, int] = {}
        clock = {self._clock_pid} if self._splices else set[int]()
        for pid in {_PAT, self._map or _PAT} | self._splices | clock:
            _look(places, packets, low, pid, start)
        return places

    def _payload(self, pid: int, packet: bytes) -> Iterator[bytes]:
        """The sections that end in a packet (§2.4.4)."""
        if packet[1] & 0x80 or packet[3] & 0xC0 or not packet[3] & 0x10:
            return  # broken, scrambled, or without a payload
        begin = 4 + (1 + packet[4] if packet[3] & 0x20 else 0)
        payload = packet[begin:]
        gathering = self._gathering.setdefault(pid, _Gathering())
        count, expected = packet[3] & 0x0F, gathering.count
        gathering.count = count
        if expected == count:
            return  # once more
        if expected is not None and count != (expected + 1) % 16:
            gathering.inside = False
        if packet[1] & 0x40 and payload:
            pointer = 1 + payload[0]
            if gathering.inside:
                gathering.body += payload[1:pointer]
                yield from _whole(gathering)
            gathering.body, gathering.inside, payload = bytearray(), True, payload[pointer:]
        if gathering.inside:
            gathering.body += payload
            yield from _whole(gathering)

    def _table(self, pid: int, section: bytes) -> None:
        if len(section) < 12 or check_sum(section):
            return
        entries = section[8:-4]
        if pid == _PAT and section[0] == 0x00:
            self._map = next(
                (
                    (entries[at + 2] & 0x1F) << 8 | entries[at + 3]
                    for at in range(0, len(entries) - 3, 4)
                    if entries[at] or entries[at + 1]  # 0 is the network's own table
                ),
                None,
            )
        elif pid == self._map and section[0] == 0x02 and len(entries) >= 4:
            self._clock_pid = (entries[0] & 0x1F) << 8 | entries[1]
            self._splices = frozenset([pid for kind, pid in _streams(entries) if kind == _SCTE35][:_STREAMS])
            kept = {_PAT, self._map, *self._splices}
            self._gathering = {each: known for each, known in self._gathering.items() if each in kept}


def _look(places: dict[int, int], packets: bytes, low: bytes, pid: int, start: int) -> None:
    """Note the first packet of a PID from number `start` on, if there is one."""
    place = low.find(pid & 0xFF, start)
    while place >= 0 and packets[place * _PACKET + 1] & 0x1F != pid >> 8:
        place = low.find(pid & 0xFF, place + 1)
    if place >= 0:
        places[pid] = place


def _clock(packet: bytes) -> int | None:
    """program_clock_reference_base (§2.4.3.5), if the packet has one."""
    if not packet[3] & 0x20 or packet[4] < 7 or not packet[5] & 0x10:
        return None
    return int.from_bytes(packet[6:10], "big") << 1 | packet[10] >> 7


def _whole(gathering: _Gathering) -> Iterator[bytes]:
    body = gathering.body
    while len(body) >= 3:
        if body[0] == 0xFF:  # stuffing up to the end of the packet
            gathering.inside = False
            body.clear()
            return
        length = 3 + ((body[1] & 0x0F) << 8 | body[2])
        if length > LONGEST:
            gathering.inside = False
            body.clear()
            return
        if len(body) < length:
            return
        yield bytes(body[:length])
        del body[:length]


def _streams(entries: bytes) -> Iterator[tuple[int, int]]:
    """stream_type and PID of what a programme is made of (§2.4.4.8)."""
    at = 4 + ((entries[2] & 0x0F) << 8 | entries[3])
    while at + 5 <= len(entries):
        yield entries[at], (entries[at + 1] & 0x1F) << 8 | entries[at + 2]
        at += 5 + ((entries[at + 3] & 0x0F) << 8 | entries[at + 4])
