"""A splice_info_section of SCTE 35 as values: what it announces, and when, on the stream's own clock. Pure.

Only what becomes a date range is read: splice_insert, time_signal and segmentation descriptors. The rest is passed on
as it is, in hexadecimal (RFC 8216bis §4.4.5.1.1).
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

LONGEST: Final = 1024
"""Bytes of a section that is understood: real ones have a tenth of that, and a playlist has twice as many."""
WRAP: Final = 1 << 33
"""The stream's clock, 90 kHz, goes round in 26.5 hours."""

_TABLE: Final = 0xFC
_SEGMENTATION: Final = 0x02
_CUEI: Final = b"CUEI"
_UNKNOWN_LENGTH: Final = 0xFFF
_MIRRORED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class Command(IntEnum):
    """splice_command_type (§9.6)."""

    NULL = 0x00
    SCHEDULE = 0x04
    INSERT = 0x05
    TIME_SIGNAL = 0x06
    BANDWIDTH_RESERVATION = 0x07
    PRIVATE = 0xFF


class BrokenSection(Exception):
    """These bytes are no splice_info_section that can be understood; the text says why, in a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """splice_insert (§9.7.3). `duration` in ticks of 90 kHz; `auto_return`: it ends by itself when that is over."""

    event: int
    cancelled: bool = False
    out: bool = False
    duration: int | None = None
    auto_return: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmentation:
    """segmentation_descriptor (§10.3.3). `type`: segmentation_type_id."""

    event: int
    cancelled: bool = False
    type: int = 0
    duration: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Splice:
    """`pts`: when, with pts_adjustment, modulo 2^33; None: at once. `body` is the whole section."""

    command: int
    body: bytes
    pts: int | None = None
    insert: Break | None = None
    segmentations: tuple[Segmentation, ...] = ()


def check_sum(section: bytes) -> int:
    """CRC_32 of ISO/IEC 13818-1 Annex A, 0 over a section that has its own at the end."""
    return int(f"{~zlib.crc32(section.translate(_MIRRORED)) & 0xFFFFFFFF:032b}"[::-1], 2)


def parse(section: bytes) -> Splice:
    """Raises BrokenSection."""
    if len(section) > LONGEST:
        raise BrokenSection("too_long")
    if len(section) < 18 or section[0] != _TABLE:
        raise BrokenSection("no_section")
    if check_sum(section):
        raise BrokenSection("check_sum")
    if section[3] != 0:
        raise BrokenSection("version")
    if section[4] & 0x80:
        raise BrokenSection("encrypted")
    bits = _Bits(section[:-4], 4)
    bits.take(7)
    adjustment = bits.take(33)
    bits.take(8 + 12)
    length, command = bits.take(12), bits.take(8)
    begin = bits.byte
    pts: int | None = None
    insert: Break | None = None
    if command == Command.INSERT:
        insert, pts = _insert(bits)
    elif command == Command.TIME_SIGNAL:
        pts = _time(bits)
    elif length == _UNKNOWN_LENGTH:
        raise BrokenSection("length")
    if length != _UNKNOWN_LENGTH:
        if bits.byte > begin + length:
            raise BrokenSection("length")
        bits = _Bits(section[:-4], begin + length)
    return Splice(
        command=command, body=section, pts=None if pts is None else (pts + adjustment) % WRAP, insert=insert,
        segmentations=_segmentations(bits),
    )  # fmt: skip


def _insert(bits: _Bits) -> tuple[Break, int | None]:
    event, is_cancelled = bits.take(32), bits.flag()
    bits.take(7)
    if is_cancelled:
        return Break(event=event, cancelled=True), None
    is_out, is_program, has_duration, is_immediate = (bits.flag() for _ in range(4))
    bits.take(4)
    pts: int | None = None
    if is_program:
        pts = None if is_immediate else _time(bits)
    else:
        for _ in range(bits.take(8)):
            bits.take(8)
            at = None if is_immediate else _time(bits)
            pts = at if pts is None else pts
    duration, is_auto = None, False
    if has_duration:
        is_auto = bits.flag()
        bits.take(6)
        duration = bits.take(33)
    bits.take(32)
    return Break(event=event, out=is_out, duration=duration, auto_return=is_auto), pts


def _time(bits: _Bits) -> int | None:
    """splice_time (§9.8.1)."""
    if not bits.flag():
        bits.take(7)
        return None
    bits.take(6)
    return bits.take(33)


def _segmentations(bits: _Bits) -> tuple[Segmentation, ...]:
    end = bits.take(16)
    end += bits.byte
    found = []
    while bits.byte + 2 <= end:
        tag, length = bits.take(8), bits.take(8)
        body = bits.bytes(length)
        if tag == _SEGMENTATION and body[:4] == _CUEI:
            found.append(_segmentation(_Bits(body, 4)))
    return tuple(found)


def _segmentation(bits: _Bits) -> Segmentation:
    event, is_cancelled = bits.take(32), bits.flag()
    bits.take(7)
    if is_cancelled:
        return Segmentation(event=event, cancelled=True)
    is_program, has_duration = bits.flag(), bits.flag()
    bits.take(6)
    if not is_program:
        bits.bytes(6 * bits.take(8))
    duration = bits.take(40) if has_duration else None
    bits.take(8)
    bits.bytes(bits.take(8))
    return Segmentation(event=event, type=bits.take(8), duration=duration)


class _Bits:
    """Reads bits, first the highest. Raises BrokenSection behind the end."""

    def __init__(self, body: bytes, begin: int) -> None:
        self._body, self._at = body, 8 * begin

    @property
    def byte(self) -> int:
        """Where the next byte begins."""
        return -(-self._at // 8)

    def take(self, count: int) -> int:
        begin, end = self._at, self._at + count
        if end > 8 * len(self._body):
            raise BrokenSection("short")
        self._at = end
        last = -(-end // 8)
        whole = int.from_bytes(self._body[begin // 8 : last], "big")
        return whole >> (8 * last - end) & ((1 << count) - 1)

    def flag(self) -> bool:
        return self.take(1) == 1

    def bytes(self, count: int) -> bytes:
        begin = self.byte
        self.take(8 * count)
        return self._body[begin : begin + count]
