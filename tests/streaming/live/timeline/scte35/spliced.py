"""Sections of SCTE 35 and transport streams that hold them, for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streaming.live.timeline.scte35.splice import check_sum

if TYPE_CHECKING:
    from collections.abc import Sequence

MAP, VIDEO, SPLICES = 0x1000, 0x100, 0x1F0
SECOND = 90_000


def bits(*fields: tuple[int, int]) -> bytes:
    """Values, and how many bits each has; whole bytes together."""
    value = length = 0
    for each, size in fields:
        value, length = value << size | each, length + size
    return value.to_bytes(length // 8, "big")


def summed(body: bytes) -> bytes:
    return body + check_sum(body).to_bytes(4, "big")


def time(pts: int | None) -> bytes:
    return b"\x7f" if pts is None else bits((1, 1), (0x3F, 6), (pts, 33))


def section(command: int, body: bytes, *descriptors: bytes, adjustment: int = 0, encrypted: bool = False) -> bytes:
    loop = b"".join(descriptors)
    rest = (
        bits((0, 8), (encrypted, 1), (0, 6), (adjustment, 33), (0, 8), (0xFFF, 12), (len(body), 12), (command, 8))
        + body + len(loop).to_bytes(2, "big") + loop
    )  # fmt: skip
    return summed(bits((0xFC, 8), (3, 4), (len(rest) + 4, 12)) + rest)


def insert(
    event: int, pts: int | None, *, out: bool, seconds: int | None = None, auto: bool = False, adjustment: int = 0
) -> bytes:
    """`pts` None: at once."""
    flags = bits((out, 1), (1, 1), (seconds is not None, 1), (pts is None, 1), (0xF, 4))
    lasts = b"" if seconds is None else bits((auto, 1), (0x3F, 6), (seconds * SECOND, 33))
    at = b"" if pts is None else time(pts)
    body = event.to_bytes(4, "big") + b"\x7f" + flags + at + lasts + b"\0\1\0\0"
    return section(5, body, adjustment=adjustment)


def cancelled(event: int) -> bytes:
    return section(5, event.to_bytes(4, "big") + b"\xff")


def segmentation(event: int, kind: int, *, seconds: int | None = None) -> bytes:
    flags = bits((1, 1), (seconds is not None, 1), (1, 1), (0x1F, 5))
    lasts = b"" if seconds is None else (seconds * SECOND).to_bytes(5, "big")
    body = b"CUEI" + event.to_bytes(4, "big") + b"\x7f" + flags + lasts + b"\x09\x03abc" + bytes((kind, 0, 0))
    return bytes((2, len(body))) + body


def signal(pts: int | None, *descriptors: bytes) -> bytes:
    return section(6, time(pts), *descriptors)


class Stream:
    """Writes packets."""

    def __init__(self, *, streams: Sequence[tuple[int, int]] = ((0x1B, VIDEO), (0x86, SPLICES))) -> None:
        self._counts: dict[int, int] = {}
        self._streams = streams

    def tables(self) -> bytes:
        pat = summed(bits((0, 8), (0xB, 4), (13, 12), (1, 16), (0xC1, 8), (0, 16), (1, 16), (0xE000 | MAP, 16)))
        entries = b"".join(bits((kind, 8), (0xE000 | pid, 16), (0xF000, 16)) for kind, pid in self._streams)
        body = bits((1, 16), (0xC1, 8), (0, 16), (0xE000 | VIDEO, 16), (0xF000, 16)) + entries
        pmt = summed(bits((2, 8), (0xB, 4), (len(body) + 4, 12)) + body)
        return self.sections(0, pat) + self.sections(MAP, pmt)

    def sections(self, pid: int, *sections: bytes) -> bytes:
        """One behind the other, over as many packets as it takes."""
        body = b"\0" + b"".join(sections)
        return b"".join(
            self._packet(pid, body[at : at + 184], start=at == 0) for at in range(0, len(body), 184)
        )  # fmt: skip

    def clock(self, ticks: int) -> bytes:
        """A packet of pictures with the time."""
        base = ticks % (1 << 33)
        field = bytes((183, 0x10)) + (base >> 1).to_bytes(4, "big") + bytes(((base & 1) << 7 | 0x7E, 0))
        return bytes((0x47, VIDEO >> 8, VIDEO & 0xFF, 0x20)) + field + b"\xff" * (184 - len(field))

    def _packet(self, pid: int, payload: bytes, *, start: bool) -> bytes:
        count = self._counts[pid] = (self._counts.get(pid, -1) + 1) % 16
        head = bytes((0x47, start << 6 | pid >> 8, pid & 0xFF, 0x10 | count))
        return head + payload + b"\xff" * (184 - len(payload))


def with_splices(stream: bytes, *sections: bytes) -> bytes:
    """A transport stream of ffmpeg's, in which another stream says these behind its first programme map."""
    written = list[bytes]()
    for at in range(0, len(stream), 188):
        packet = stream[at : at + 188]
        if (packet[1] & 0x1F) << 8 | packet[2] != MAP:
            written.append(packet)
            continue
        length = (packet[6] & 0x0F) << 8 | packet[7]
        entry = bits((0x86, 8), (0xE000 | SPLICES, 16), (0xF000, 16))
        table = summed(packet[5:6] + bits((0xB, 4), (length + 5, 12)) + packet[8 : 4 + length] + entry)
        written.append((packet[:5] + table).ljust(188, b"\xff"))
        written += [Stream().sections(SPLICES, *sections)] if sections else []
        sections = ()
    return b"".join(written)
