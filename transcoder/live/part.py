"""A part: what the packager makes of an encoder's frames, and what everything behind it works with."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from manifests.layout import RenditionId
from transcoder.boxes import write, write_full

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcoder.live.grid import TrackGrid

_SYNC: Final = 0x02000000  # sample_depends_on = 2: on no other (ISO/IEC 14496-12 §8.8.3.1)
_NOT_SYNC: Final = 0x01010000  # it depends on others, and is no sync sample
_HEADER: Final = 8
_SEQUENCES: Final = 1 << 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One coded picture, or one AAC frame: `body` is its sample, `sync` whether it can be decoded alone."""

    body: bytes
    sync: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """`start` and `duration` in ticks of the rendition's track, counted from the epoch. `msn`: of its segment, which it
    ends with `last`. `independent`: it begins with a key picture, or is sound. `body` is one CMAF fragment, whose first
    `first` bytes are its `moof` and its first sample."""

    rendition: RenditionId
    msn: int
    start: int
    duration: int
    independent: bool
    last: bool
    body: bytes
    first: int


def part_of(rendition: RenditionId, track: TrackGrid, frames: Sequence[Frame], *, start: int) -> Part:
    """These frames, one or more, from tick `start` of the epoch on."""
    end = start + len(frames) * track.sample
    body = fragment(
        frames, sequence=start // track.part % _SEQUENCES, start=start, duration=track.sample, track=track.id
    )  # fmt: skip
    return Part(
        rendition=rendition,
        msn=start // track.segment,
        start=start,
        duration=end - start,
        independent=frames[0].sync,
        last=end % track.segment == 0,
        body=body,
        first=len(body) - sum(len(frame.body) for frame in frames[1:]),
    )


def fragment(frames: Sequence[Frame], *, sequence: int, start: int, duration: int, track: int = 1) -> bytes:
    """Frames of `duration` ticks each as one `moof` with its `mdat` (a CMAF chunk, ISO/IEC 23000-19 §7.3.2.3), of the
    track with this track_ID."""
    first, others = frames[0].sync, {frame.sync for frame in frames[1:]}
    default = _SYNC if others == {True} or (not others and first) else _NOT_SYNC
    is_mixed = len(others) == 2
    tfhd = write_full(b"tfhd", 0, 0x020000 | 0x8 | 0x20, struct.pack(">3I", track, duration, default))
    tfdt = write_full(b"tfdt", 1, 0, struct.pack(">Q", start))
    flags = [_SYNC if frame.sync else _NOT_SYNC for frame in frames]
    if is_mixed:
        kind, head = 0x1 | 0x200 | 0x400, b""
        table = b"".join(struct.pack(">II", len(frame.body), flag) for frame, flag in zip(frames, flags, strict=True))
    else:
        kind, head = (0x1 | 0x4 | 0x200, struct.pack(">I", flags[0])) if flags[0] != default else (0x1 | 0x200, b"")
        table = struct.pack(f">{len(frames)}I", *(len(frame.body) for frame in frames))

    def moof(data_offset: int) -> bytes:
        trun = write_full(b"trun", 0, kind, struct.pack(">Ii", len(frames), data_offset), head, table)
        mfhd = write_full(b"mfhd", 0, 0, struct.pack(">I", sequence))
        return write(b"moof", mfhd, write(b"traf", tfhd, tfdt, trun))

    return moof(len(moof(0)) + _HEADER) + write(b"mdat", *(frame.body for frame in frames))
