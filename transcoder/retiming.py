"""Finished fragments put to another place on the timeline: their decode time and their number are rewritten, the coded
pictures stay as they are. Pure; the boxes are those of ISO/IEC 14496-12 §8.8."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from transcoder.boxes import only_child, read_header, read_moof, write, write_full
from transcoder.errors import OutputBroken

if TYPE_CHECKING:
    from transcoder.boxes import Box, MovieFragment

# sample_depends_on: none, or others (§8.8.3.1)
_SYNC_FLAGS: Final = 0x02000000
_OTHER_FLAGS: Final = 0x01010000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """How much later a fragment is decoded (in its track's ticks), and by how much its sequence number grows."""

    ticks: int
    fragments: int


def retimed(fragment: bytes, shift: Shift) -> bytes:
    """A `moof` with its `mdat`, shifted. What of its first sample would lie before zero is cut off that sample's
    duration. Raises OutputBroken if more than that would."""
    told = read_moof(fragment)
    moof = read_header(fragment)
    time, sequence = told.decode_time + shift.ticks, told.sequence + shift.fragments
    if moof is None or not told.samples or not 1 <= sequence < 1 << 32 or -time >= told.samples[0].duration:
        raise OutputBroken(f"a fragment at {told.decode_time} cannot begin at {time}")
    if time < 0:
        if any(each.offset >= 1 << 31 for each in told.samples):
            raise OutputBroken("a composition offset has no room as a signed number")
        first = replace(told.samples[0], duration=told.samples[0].duration + time)
        samples = (first, *told.samples[1:])
        cut = replace(told, sequence=sequence, decode_time=0, samples=samples)
        return _rewritten(cut) + fragment[moof.end :]
    body = bytearray(fragment)
    _put(body, only_child(body, moof, b"mfhd"), 4, sequence.to_bytes(4, "big"))
    tfdt = only_child(body, only_child(body, moof, b"traf"), b"tfdt")
    wide = body[tfdt.body] == 1
    if time >= 1 << (64 if wide else 32):
        raise OutputBroken(f"a decode time of {time} has no room")
    _put(body, tfdt, 4, time.to_bytes(8 if wide else 4, "big"))
    return bytes(body)


def _put(body: bytearray, box: Box, offset: int, value: bytes) -> None:
    at = box.body + offset
    body[at : at + len(value)] = value


def _rewritten(told: MovieFragment) -> bytes:
    """The `moof` of a fragment whose `mdat` follows it, all of each sample said in its table."""
    table = b"".join(
        struct.pack(">IIIi", each.duration, each.size, _SYNC_FLAGS if each.sync else _OTHER_FLAGS, each.offset)
        for each in told.samples
    )
    tfhd = write_full(b"tfhd", 0, 0x020000, struct.pack(">I", told.track))
    tfdt = write_full(b"tfdt", 1, 0, struct.pack(">Q", told.decode_time))

    def moof(data_offset: int) -> bytes:
        fields = 0x1 | 0x100 | 0x200 | 0x400 | 0x800
        trun = write_full(b"trun", 1, fields, struct.pack(">Ii", len(told.samples), data_offset), table)
        number = write_full(b"mfhd", 0, 0, struct.pack(">I", told.sequence))
        return write(b"moof", number, write(b"traf", tfhd, tfdt, trun))

    header = 8
    return moof(len(moof(0)) + header)
