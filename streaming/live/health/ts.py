"""Pictures in an MPEG transport stream (ISO/IEC 13818-1): packets in which a picture begins say when it is.

One picture in a hundred packets begins one: those are found without a look at the others.
"""

from __future__ import annotations

from typing import Final

from streaming.live.health.picture import Picture
from transcoder.live.timing.ts_packets import PACKET, beginnings

PAT: Final = 0
_WRAP: Final = 1 << 33
_VIDEO: Final = {0x01: b"", 0x02: b"", 0x10: b"", 0x1B: b"\x05\x07", 0x24: bytes((*range(16, 22), 32, 33)), 0x33: b""}
"""stream_type of a picture (§2.4.4.9), and which of its NAL units begin one that can be decoded alone: for encoders
that do not set the random_access_indicator."""
_HEVC: Final = 0x24


class TsScanner:
    """`Scanner`. Of several programmes the first, of several pictures the first: as the encoder takes them."""

    timescale = 90_000

    def __init__(self) -> None:
        self._rest = b""
        self.pmt: int | None = None
        """The packets that hold the map of the first programme."""
        self._video: int | None = None
        self._type = 0
        self._last: int | None = None

    def feed(self, body: bytes) -> list[Picture]:
        stream, found = self._rest + body, list[Picture]()
        begins, end = beginnings(stream)
        for at in begins:
            picture = self._packet(stream[at : at + PACKET])
            if picture is not None:
                found.append(picture)
        self._rest = stream[end:]
        return found

    def _packet(self, packet: bytes) -> Picture | None:
        pid = (packet[1] & 0x1F) << 8 | packet[2]
        begin, access = 4, False
        if packet[3] & 0x20:  # an adaptation field stands before the payload
            begin += 1 + packet[4]
            access = packet[4] > 0 and packet[5] & 0x40 > 0
        payload = packet[begin:]
        if pid == self._video:
            return self._picture(payload, access=access)
        if pid == PAT:
            self.pmt = _first_programme(_section(payload)) or self.pmt
        elif pid == self.pmt:
            self._video, self._type = _first_picture(_section(payload)) or (self._video, self._type)
        return None

    def _picture(self, pes: bytes, *, access: bool) -> Picture | None:
        if len(pes) < 14 or pes[:3] != b"\0\0\1" or not pes[7] & 0x80:
            return None
        stamp = (pes[9] & 0x0E) << 29 | pes[10] << 22 | (pes[11] & 0xFE) << 14 | pes[12] << 7 | pes[13] >> 1
        if self._last is not None:  # 33 bits go round in 26 hours
            step = (stamp - self._last) % _WRAP
            stamp = self._last + (step if step < _WRAP // 2 else step - _WRAP)
        self._last = stamp
        return Picture(pts=stamp, key=access or self._begins_group(pes[9 + pes[8] :]))

    def _begins_group(self, elementary: bytes) -> bool:
        kinds, at = _VIDEO[self._type], elementary.find(b"\0\0\1")
        while kinds and 0 <= at < len(elementary) - 3:
            unit = elementary[at + 3]
            if (unit >> 1 & 0x3F if self._type == _HEVC else unit & 0x1F) in kinds:
                return True
            at = elementary.find(b"\0\0\1", at + 3)
        return False


def _section(payload: bytes) -> bytes:
    """A section's bytes behind its header, without its check sum; as much as lies in its first packet."""
    begin = 1 + (payload[0] if payload else 0)
    end = begin + 3 + ((payload[begin + 1] & 0x0F) << 8 | payload[begin + 2]) - 4 if len(payload) > begin + 2 else 0
    return payload[begin + 8 : end]


def _first_programme(pat: bytes) -> int | None:
    """The packets that hold the map of the first programme."""
    for at in range(0, len(pat) - 3, 4):
        if pat[at] << 8 | pat[at + 1]:  # 0 is the network's own table
            return (pat[at + 2] & 0x1F) << 8 | pat[at + 3]
    return None


def _first_picture(pmt: bytes) -> tuple[int, int] | None:
    """The packets that hold pictures, and their stream_type."""
    at = 4 + ((pmt[2] & 0x0F) << 8 | pmt[3]) if len(pmt) > 3 else len(pmt)
    while at + 5 <= len(pmt):
        if pmt[at] in _VIDEO:
            return (pmt[at + 1] & 0x1F) << 8 | pmt[at + 2], pmt[at]
        at += 5 + ((pmt[at + 3] & 0x0F) << 8 | pmt[at + 4])
    return None
