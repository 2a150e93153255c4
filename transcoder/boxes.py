"""ISO base media boxes (ISO/IEC 14496-12) as far as fragmented MP4 with one track needs: reading and writing. Pure.

Strict: a box lies wholly within its parent, boxes fill their parent exactly, tables are as long as their box. Anything
else raises OutputBroken, whatever the bytes are.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from transcoder.errors import OutputBroken

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADER: Final = struct.Struct(">I4s")
_LARGE: Final = struct.Struct(">Q")

# tfhd and trun flags (§8.8.7, §8.8.8)
_BASE_DATA_OFFSET, _DESCRIPTION, _DEFAULT_DURATION, _DEFAULT_SIZE, _DEFAULT_FLAGS = 0x1, 0x2, 0x8, 0x10, 0x20
_DATA_OFFSET, _FIRST_FLAGS, _DURATION, _SIZE, _FLAGS, _OFFSET = 0x1, 0x4, 0x100, 0x200, 0x400, 0x800
_MOST_DEFAULTS: Final = 4096  # samples of which a trun says nothing but their number
_NOT_SYNC: Final = 0x10000  # sample_is_non_sync_sample (§8.8.3.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A box of type `kind` at bytes [start, end) of its buffer; its content begins at `body`."""

    kind: bytes
    start: int
    body: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One sample of a fragment: duration and composition offset in track ticks, size in bytes, whether it is sync."""

    duration: int
    size: int
    offset: int
    sync: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MovieFragment:
    """A `moof` with one `traf`: decode time of its first sample in track ticks, offset of its bytes from the moof."""

    sequence: int
    track: int
    decode_time: int
    data_offset: int
    samples: tuple[Sample, ...]


def read_header(buffer: bytes | bytearray, at: int = 0) -> Box | None:
    """The box that begins at `at`, which may end behind the buffer; None if its header is not there yet."""
    if len(buffer) - at < _HEADER.size:
        return None
    size, kind = _HEADER.unpack_from(buffer, at)
    body = at + _HEADER.size
    if size == 1:
        if len(buffer) - body < _LARGE.size:
            return None
        (size,) = _LARGE.unpack_from(buffer, body)
        body += _LARGE.size
    # Size 0 (to the end of the file, §4.2) has no place in a stream that goes on.
    if size < body - at:
        raise OutputBroken(f"a box of {size} bytes at byte {at}")
    return Box(kind=kind, start=at, body=body, end=at + size)


def read_boxes(buffer: bytes | bytearray, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes that fill bytes [start, end)."""
    stop = len(buffer) if end is None else end
    at = start
    while at < stop:
        box = read_header(buffer, at)
        if box is None or box.end > stop:
            raise OutputBroken(f"a box at byte {at} is larger than what holds it")
        yield box
        at = box.end


def only_child(buffer: bytes | bytearray, parent: Box, kind: bytes) -> Box:
    """The one child of that type."""
    found = [box for box in read_boxes(buffer, parent.body, parent.end) if box.kind == kind]
    if len(found) != 1:
        raise OutputBroken(f"{len(found)} {kind!r} in {parent.kind!r}, not 1")
    return found[0]


def read_timescale(moov: bytes | bytearray) -> int:
    """Ticks per second of the only track of a `moov` box."""
    trak = only_child(moov, _first(moov, b"moov"), b"trak")
    mdhd = only_child(moov, only_child(moov, trak, b"mdia"), b"mdhd")
    fields = _Fields(moov, mdhd)
    fields.skip(16 if fields.version == 1 else 8)
    return fields.u32()


def read_moof(buffer: bytes | bytearray) -> MovieFragment:
    """The `moof` box that `buffer` begins with."""
    moof = _first(buffer, b"moof")
    sequence = _Fields(buffer, only_child(buffer, moof, b"mfhd")).u32()
    traf = only_child(buffer, moof, b"traf")
    track, duration, size, flags = _read_tfhd(_Fields(buffer, only_child(buffer, traf, b"tfhd")))
    tfdt = _Fields(buffer, only_child(buffer, traf, b"tfdt"))
    decode_time = tfdt.u64() if tfdt.version == 1 else tfdt.u32()
    trun = _Fields(buffer, only_child(buffer, traf, b"trun"))
    data_offset, samples = _read_trun(trun, duration=duration, size=size, flags=flags)
    return MovieFragment(
        sequence=sequence, track=track, decode_time=decode_time, data_offset=data_offset, samples=samples
    )


def _first(buffer: bytes | bytearray, kind: bytes) -> Box:
    box = read_header(buffer)
    if box is None or box.end > len(buffer) or box.kind != kind:
        raise OutputBroken(f"not a {kind!r}")
    return box


class _Fields:
    """The fields of a full box in order; running past its end raises OutputBroken."""

    def __init__(self, buffer: bytes | bytearray, box: Box) -> None:
        self._buffer, self._at, self._end, self._kind = buffer, box.body, box.end, box.kind
        word = self.u32()
        self.version, self.flags = word >> 24, word & 0xFFFFFF

    @property
    def left(self) -> int:
        return self._end - self._at

    def skip(self, size: int) -> int:
        at = self._at
        if at + size > self._end:
            raise OutputBroken(f"{self._kind!r} is too short")
        self._at = at + size
        return at

    def u32(self) -> int:
        return int.from_bytes(self._buffer[self.skip(4) : self._at], "big")

    def i32(self) -> int:
        return int.from_bytes(self._buffer[self.skip(4) : self._at], "big", signed=True)

    def u64(self) -> int:
        return int.from_bytes(self._buffer[self.skip(8) : self._at], "big")


def _read_tfhd(tfhd: _Fields) -> tuple[int, int, int, int]:
    """Track, and the defaults of its samples: duration, size, flags."""
    track = tfhd.u32()
    tfhd.skip(8 if tfhd.flags & _BASE_DATA_OFFSET else 0)
    tfhd.skip(4 if tfhd.flags & _DESCRIPTION else 0)
    duration, size, flags = (
        tfhd.u32() if tfhd.flags & has else 0 for has in (_DEFAULT_DURATION, _DEFAULT_SIZE, _DEFAULT_FLAGS)
    )
    return track, duration, size, flags


def _read_trun(trun: _Fields, *, duration: int, size: int, flags: int) -> tuple[int, tuple[Sample, ...]]:
    count = trun.u32()
    data_offset = trun.i32() if trun.flags & _DATA_OFFSET else 0
    first_flags = trun.u32() if trun.flags & _FIRST_FLAGS else flags
    width = 4 * (trun.flags & (_DURATION | _SIZE | _FLAGS | _OFFSET)).bit_count()
    # Before the loop: a count that lies must not make us build that many samples (without a table it costs no bytes).
    if trun.left != count * width or (not width and count > _MOST_DEFAULTS):
        raise OutputBroken(f"a trun of {count} samples in {trun.left} bytes")
    samples = []
    for index in range(count):
        sample_duration = trun.u32() if trun.flags & _DURATION else duration
        sample_size = trun.u32() if trun.flags & _SIZE else size
        sample_flags = trun.u32() if trun.flags & _FLAGS else (flags if index else first_flags)
        offset = 0
        if trun.flags & _OFFSET:
            offset = trun.i32() if trun.version else trun.u32()
        sync = not sample_flags & _NOT_SYNC
        samples.append(Sample(duration=sample_duration, size=sample_size, offset=offset, sync=sync))
    return data_offset, tuple(samples)


def write(kind: bytes, *parts: bytes) -> bytes:
    """A box around its content."""
    size = _HEADER.size + sum(map(len, parts))
    return b"".join((_HEADER.pack(size, kind), *parts))


def write_full(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    """A full box (§4.2): version and flags, then its content."""
    return write(kind, struct.pack(">I", version << 24 | flags), *parts)
