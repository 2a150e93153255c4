"""Pictures in fragmented MP4 (ISO/IEC 14496-12): each `moof` says of its samples when they are, and which are sync."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from streaming.live.health.picture import Picture
from transcoder.boxes import only_child
from transcoder.errors import OutputBroken
from transcoder.live.timing.mp4_boxes import TrackHeader, arrived, children, u32

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transcoder.boxes import Box

_READ: Final = frozenset({b"moov", b"moof"})
_MOST: Final = 4096  # samples of which a trun says nothing but their number
_NOT_SYNC: Final = 0x10000  # sample_is_non_sync_sample (§8.8.3.1)
# tfhd and trun flags (§8.8.7, §8.8.8)
_BASE_OFFSET, _DESCRIPTION, _DEFAULT_DURATION, _DEFAULT_SIZE, _DEFAULT_FLAGS = 0x1, 0x2, 0x8, 0x10, 0x20
_DATA_OFFSET, _FIRST_FLAGS, _DURATION, _SIZE, _FLAGS, _OFFSET = 0x1, 0x4, 0x100, 0x200, 0x400, 0x800


@dataclass(frozen=True, slots=True, kw_only=True)
class _Track:
    """The track with the pictures; `duration` and `flags` of samples of which nothing else is said (trex)."""

    id: int
    timescale: int
    duration: int
    flags: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    """`time`, `duration`, `offset` in ticks: when it is decoded, how long it lasts, how much later it is shown."""

    time: int
    duration: int
    offset: int
    key: bool


class Mp4Scanner:
    """`Scanner`, of the first track with pictures."""

    def __init__(self) -> None:
        self._rest = b""
        self._skip = 0
        self._track: _Track | None = None
        self._shift = 0
        """Ticks by which pictures are moved so that none is shown before it is decoded, as ffmpeg does it."""
        self._lost = False

    @property
    def timescale(self) -> int:
        return 0 if self._track is None else self._track.timescale

    def feed(self, body: bytes) -> list[Picture]:
        if self._lost:
            return []
        if self._skip >= len(body):
            self._skip -= len(body)
            return []
        stream, at, found = self._rest + body, self._skip, list[Picture]()
        self._skip = 0
        try:
            for box in arrived(stream, at, _READ):
                if box.kind in _READ:
                    found += self._read(stream, box)
                at = box.end
        except (OutputBroken, struct.error, IndexError):
            self._lost = True
        self._rest, self._skip = stream[at:], max(0, at - len(stream))
        return found

    def _read(self, stream: bytes, box: Box) -> list[Picture]:
        if box.kind == b"moov":
            self._track = _picture_track(stream, box) or self._track
            return []
        if self._track is None:
            return []
        samples = [each for traf in children(stream, box, b"traf") for each in _samples(stream, traf, self._track)]
        self._shift = max(self._shift, *(-each.offset for each in samples), 0)
        return [Picture(pts=each.time + each.offset + self._shift, key=each.key) for each in samples]


def _picture_track(stream: bytes, moov: Box) -> _Track | None:
    """None: there are no pictures in it."""
    defaults = {
        u32(stream, trex.body + 4): trex.body
        for mvex in children(stream, moov, b"mvex")
        for trex in children(stream, mvex, b"trex")
    }
    for trak in children(stream, moov, b"trak"):
        header = TrackHeader(stream, trak)
        if not header.has_pictures:
            continue
        at = defaults.get(header.number)
        return _Track(
            id=header.number, timescale=header.timescale,
            duration=0 if at is None else u32(stream, at + 12), flags=0 if at is None else u32(stream, at + 20),
        )  # fmt: skip
    return None


def _samples(stream: bytes, traf: Box, track: _Track) -> Iterator[_Sample]:
    tfhd, tfdt = only_child(stream, traf, b"tfhd"), only_child(stream, traf, b"tfdt")
    if u32(stream, tfhd.body + 4) != track.id:
        return
    has, at = u32(stream, tfhd.body) & 0xFFFFFF, tfhd.body + 8
    at += 8 * bool(has & _BASE_OFFSET) + 4 * bool(has & _DESCRIPTION)
    duration = u32(stream, at) if has & _DEFAULT_DURATION else track.duration
    at += 4 * bool(has & _DEFAULT_DURATION) + 4 * bool(has & _DEFAULT_SIZE)
    flags = u32(stream, at) if has & _DEFAULT_FLAGS else track.flags
    time = int.from_bytes(stream[tfdt.body + 4 : tfdt.body + (12 if stream[tfdt.body] == 1 else 8)])
    for trun in children(stream, traf, b"trun"):
        for sample in _run(stream, trun, time, duration=duration, flags=flags):
            yield sample
            time = sample.time + sample.duration


def _run(stream: bytes, trun: Box, time: int, *, duration: int, flags: int) -> Iterator[_Sample]:
    has, count = u32(stream, trun.body) & 0xFFFFFF, u32(stream, trun.body + 4)
    at = trun.body + 8 + 4 * bool(has & _DATA_OFFSET)
    first = u32(stream, at) if has & _FIRST_FLAGS else None
    at += 4 * (first is not None)
    step = 4 * sum(bool(has & field) for field in (_DURATION, _SIZE, _FLAGS, _OFFSET))
    if count > ((trun.end - at) // step if step else _MOST):
        raise OutputBroken("a trun shorter than it says")
    for number in range(count):
        lasts, said, shift, place = duration, flags, 0, at
        if has & _DURATION:
            lasts, place = u32(stream, place), place + 4
        place += 4 * bool(has & _SIZE)
        if has & _FLAGS:
            said, place = u32(stream, place), place + 4
        if has & _OFFSET:
            shift = int(struct.unpack_from(">i", stream, place)[0])
        if not number and first is not None:
            said = first
        yield _Sample(time=time, duration=lasts, offset=shift, key=not said & _NOT_SYNC)
        time, at = time + lasts, at + step
