"""What a fragment says of its protected samples (ISO/IEC 23001-7 §7, ISO/IEC 14496-12 §8.7.8, §8.7.9). Pure.

`senc` holds it, `saiz` and `saio` say where that is; they are the last boxes of the `traf`. All else of a `moof` is as
before, but for the sizes of what holds them and how far the samples are: nothing in it tells another time.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from transcoder.boxes import only_child, read_boxes, read_header, write, write_full
from transcoder.errors import OutputBroken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcoder.boxes import Box

_OURS: Final = (b"senc", b"saiz", b"saio")
_HAS_SUBSAMPLES: Final = 0x2  # senc (ISO/IEC 23001-7 §7.2.2)
_HAS_DATA_OFFSET: Final = 0x1  # trun (ISO/IEC 14496-12 §8.8.8.1)
_LENGTHS: Final = struct.Struct(">HI")
_MOST: Final = 255  # bytes about one sample: a saiz has one byte for their number


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleProtection:
    """Of one sample: its initialization vector (none under a constant one), and in turn how many bytes are clear and
    how many protected; without such `subsamples` all are protected."""

    iv: bytes = b""
    subsamples: tuple[tuple[int, int], ...] = ()

    def ranges(self, size: int) -> list[range]:
        """The protected bytes of a sample of `size` bytes. Raises OutputBroken for subsamples of another size."""
        if not self.subsamples:
            return [range(size)]
        found, at = [], 0
        for clear, protected in self.subsamples:
            found.append(range(at + clear, at + clear + protected))
            at += clear + protected
        if at != size:
            raise OutputBroken(f"subsamples of {at} bytes in a sample of {size}")
        return found


def with_protection(moof: bytes, samples: Sequence[SampleProtection]) -> bytes:
    """A clear `moof` that says how its samples are protected, unless there is nothing to say of them. Raises
    OutputBroken."""
    has_subsamples = any(each.subsamples for each in samples)
    told = [_told(each, has_subsamples=has_subsamples) for each in samples]
    sizes = {len(each) for each in told}
    if sizes <= {0}:
        return moof
    if max(sizes) > _MOST:
        raise OutputBroken(f"{max(sizes)} bytes about one sample")
    flags, count = _HAS_SUBSAMPLES if has_subsamples else 0, struct.pack(">I", len(samples))
    even = next(iter(sizes)) if len(sizes) == 1 else 0
    first_told = _traf(moof).end + 16  # behind the header of the senc, its flags and its count
    boxes = (
        write_full(b"senc", 0, flags, count, *told),
        write_full(b"saiz", 0, 0, bytes((even,)), count, b"" if even else bytes(map(len, told))),
        write_full(b"saio", 0, 0, struct.pack(">II", 1, first_told)),
    )
    return _with_traf(moof, _without_ours(moof), boxes)


def without_protection(moof: bytes, *, iv_size: int) -> tuple[bytes, tuple[SampleProtection, ...] | None]:
    """What `with_protection` was given; None: the `moof` says nothing of its samples. `iv_size`: bytes of the
    initialization vector of each. Raises OutputBroken."""
    traf = _traf(moof)
    senc = next((box for box in read_boxes(moof, traf.body, traf.end) if box.kind == b"senc"), None)
    if senc is None:
        return moof, None
    return _with_traf(moof, _without_ours(moof), ()), _read(moof[senc.body : senc.end], iv_size)


def _traf(moof: bytes) -> Box:
    box = read_header(moof)
    if box is None or box.kind != b"moof" or box.end != len(moof):
        raise OutputBroken("not a moof")
    return only_child(moof, box, b"traf")


def _without_ours(moof: bytes) -> list[Box]:
    traf = _traf(moof)
    return [box for box in read_boxes(moof, traf.body, traf.end) if box.kind not in _OURS]


def _with_traf(moof: bytes, kept: Sequence[Box], more: Sequence[bytes]) -> bytes:
    """A `moof` of whose `traf` these boxes are kept, and others come behind them."""
    traf = _traf(moof)
    growth = sum(map(len, more)) + sum(box.end - box.start for box in kept) - (traf.end - traf.body)
    parts = (_moved(moof[box.start : box.end], growth) if box.kind == b"trun" else moof[box.start : box.end]
             for box in kept)  # fmt: skip
    inside = write(b"traf", *parts, *more)
    return write(b"moof", moof[8 : traf.start], inside, moof[traf.end :])


def _moved(trun: bytes, growth: int) -> bytes:
    """A `trun` whose samples lie `growth` bytes further from the `moof`."""
    flags, offset = int.from_bytes(trun[9:12], "big"), int.from_bytes(trun[16:20], "big", signed=True)
    if not flags & _HAS_DATA_OFFSET:
        raise OutputBroken("a trun that does not say where its samples are")
    return trun[:16] + (offset + growth).to_bytes(4, "big", signed=True) + trun[20:]


def _told(sample: SampleProtection, *, has_subsamples: bool) -> bytes:
    if not has_subsamples:
        return sample.iv
    lengths = (_LENGTHS.pack(*each) for each in sample.subsamples)
    return b"".join((sample.iv, struct.pack(">H", len(sample.subsamples)), *lengths))


def _read(senc: bytes, iv_size: int) -> tuple[SampleProtection, ...]:
    """The content of a `senc` box."""
    try:
        flags, count = int.from_bytes(senc[1:4], "big"), struct.unpack_from(">I", senc, 4)[0]
        found: list[SampleProtection] = []
        at = 8
        # A count that lies must not make us build that many of nothing.
        while len(found) < count <= len(senc):
            iv, at = senc[at : at + iv_size], at + iv_size
            lengths: list[tuple[int, int]] = []
            if flags & _HAS_SUBSAMPLES:
                (subsamples,) = struct.unpack_from(">H", senc, at)
                lengths = [_LENGTHS.unpack_from(senc, at + 2 + _LENGTHS.size * place) for place in range(subsamples)]
                at += 2 + _LENGTHS.size * subsamples
            found.append(SampleProtection(iv=iv, subsamples=tuple(lengths)))
    except struct.error as exc:
        raise OutputBroken("a senc that is too short") from exc
    if at != len(senc) or len(found) != count:
        raise OutputBroken(f"a senc of {count} samples in {len(senc)} bytes")
    return tuple(found)
