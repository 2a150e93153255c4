"""Where a decoder can enter an MPEG transport stream (ISO/IEC 13818-1).

Its tables are sent again and again: those that came last before a key picture stand before it.
"""

from __future__ import annotations

from typing import Final

from streaming.live.health.ts import PAT, TsScanner
from transcoder.live.timing.ts_packets import PACKET, SYNC, next_packet

_LONGEST: Final = 16
"""Packets of a table at the most."""


class TsEntry:
    """`Entry`."""

    def __init__(self) -> None:
        self._is_open = True
        self._look()

    def shut(self) -> None:
        self._is_open = False
        self._look()

    def _look(self) -> None:
        """For packets, tables, and a key picture, of which nothing is known."""
        self._scanner = TsScanner()
        self._tables: dict[int, list[bytes]] = {}
        self._rest = b""

    def passed(self, body: bytes) -> bytes:
        if self._is_open:
            return body
        stream, at = self._rest + body, 0
        while len(stream) - at > PACKET:
            if stream[at] != SYNC or stream[at + PACKET] != SYNC:
                at = next_packet(stream, at)
                continue
            packet = stream[at : at + PACKET]
            if any(picture.key for picture in self._scanner.feed(packet)):
                self._is_open = True
                return b"".join(each for table in self._tables.values() for each in table) + stream[at:]
            self._keep(packet)
            at += PACKET
        self._rest = stream[at:]
        return b""

    def _keep(self, packet: bytes) -> None:
        pid = (packet[1] & 0x1F) << 8 | packet[2]
        if pid not in (PAT, self._scanner.pmt):
            return
        if packet[1] & 0x40:  # a table begins
            self._tables[pid] = [packet]
        elif 0 < len(self._tables.get(pid, ())) < _LONGEST:
            self._tables[pid].append(packet)
