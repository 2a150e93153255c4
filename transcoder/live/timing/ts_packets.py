"""Packets of an MPEG transport stream (ISO/IEC 13818-1) in which something begins, without a look at the others."""

from __future__ import annotations

from typing import Final

PACKET: Final = 188
SYNC: Final = 0x47
_STARTS: Final = bytes(int(flags & 0x40 > 0) for flags in range(256))
"""payload_unit_start_indicator (§2.4.3.3) of a packet's second byte."""


def beginnings(stream: bytes | bytearray) -> tuple[list[int], int]:
    """Where packets begin in which a table or a picture does, and where the last whole packet ends."""
    found, at = list[int](), 0
    while len(stream) - at >= PACKET:
        if stream[at] != SYNC:
            at = next_packet(stream, at)
            continue
        end = _synchronous(stream, at)
        starts = stream[at + 1 : end : PACKET].translate(_STARTS)
        place = starts.find(1)
        while place >= 0:
            found.append(at + place * PACKET)
            place = starts.find(1, place + 1)
        at = end
    return found, at


def next_packet(stream: bytes | bytearray, at: int) -> int:
    """Where a packet may begin behind `at`: one that another follows, if that has come."""
    at = stream.find(SYNC, at + 1)
    while 0 <= at < len(stream) - PACKET and stream[at + PACKET] != SYNC:
        at = stream.find(SYNC, at + 1)
    return len(stream) if at < 0 else at


def _synchronous(stream: bytes | bytearray, at: int) -> int:
    """Where the whole packets end that follow each other from `at` on."""
    end = at + (len(stream) - at) // PACKET * PACKET
    first_bytes = stream[at:end:PACKET]
    return at + (len(first_bytes) - len(first_bytes.lstrip(b"\x47"))) * PACKET
