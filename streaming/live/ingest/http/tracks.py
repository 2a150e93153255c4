"""A track that is being pushed (fragmented MP4, CMAF): bytes in, its header and whole fragments out. Pure.

DASH-IF Live Media Ingest 1.1, interface 1: a header (`ftyp`, `moov`), then fragments (`moof`, `mdat`), each perhaps
behind `styp`, `prft`, `emsg` or `sidx`, which are left out here; `mfra` ends the track. More than one track in a header
is more than CMAF allows, and what some encoders send.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, ParamSpec, TypeAlias, TypeVar

from streaming.live.ingest.errors import ProtocolFault
from transcoder.boxes import Box, read_boxes, read_header
from transcoder.errors import OutputBroken
from transcoder.live.timing.mp4_boxes import u32

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

P = ParamSpec("P")
T = TypeVar("T")

_LIMITS: Final = {b"moov": 1 << 20, b"moof": 1 << 20, b"mdat": 24 << 20}
_OTHERS: Final = 1 << 20
_PASSED_OVER: Final = frozenset({b"styp", b"prft", b"emsg", b"sidx", b"free", b"skip", b"uuid", b"mfro"})
_BASE_DATA_OFFSET: Final = 0x1


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One track of a header: `trak` and `trex` are the boxes. `kind` is its handler (`vide`, `soun`, `text` …), `size`
    width times height."""

    id: int
    kind: bytes
    size: int
    trak: bytes
    trex: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a decoder needs before any fragment. `mvhd` is the movie's own box."""

    mvhd: bytes
    tracks: tuple[Track, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """A `moof` with its `mdat`. `times`: first decode time of each track that is in it, by its id."""

    moof: bytes
    mdat: bytes
    times: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The track is over."""


Unit: TypeAlias = Header | Fragment | End


class TrackReader:
    """Bytes of one request in, units out. Raises ProtocolFault."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._moof: bytes | None = None

    @property
    def is_between(self) -> bool:
        """Whether nothing is begun and unfinished: a request may end here."""
        return not self._buffer and self._moof is None

    def read(self, body: bytes) -> Iterator[Unit]:
        """Add bytes; the units that are complete with them."""
        self._buffer += body
        while (box := self._next()) is not None:
            content = bytes(self._buffer[: box.end])
            del self._buffer[: box.end]
            unit = _guarded(self._unit, box.kind, content)
            if unit is not None:
                yield unit

    def _next(self) -> Box | None:
        box = _guarded(read_header, self._buffer)
        if box is None:
            return None
        limit = _LIMITS.get(box.kind, _OTHERS)
        if box.end > limit:
            raise ProtocolFault(f"A {_name(box.kind)} of {box.end} bytes; at most {limit} are read.")
        return box if box.end <= len(self._buffer) else None

    def _unit(self, kind: bytes, box: bytes) -> Unit | None:
        if kind == b"moov":
            return read_movie(box)
        if kind == b"moof":
            self._moof = box
            return None
        if kind == b"mdat":
            moof, self._moof = self._moof, None
            if moof is None:
                raise ProtocolFault("Media without a moof before it: send fragmented MP4.")
            return Fragment(moof=moof, mdat=box, times=tuple(_times(moof)))
        if kind == b"mfra":
            return End()
        if kind == b"ftyp" or kind in _PASSED_OVER:
            return None
        raise ProtocolFault(f"A box of type {_name(kind)} has no place in a track that is pushed.")


def read_movie(moov: bytes) -> Header:
    """The tracks of a `moov`. Raises ProtocolFault, OutputBroken."""
    (outer,) = read_boxes(moov)
    boxes = list(read_boxes(moov, outer.body, outer.end))
    mvhd = [_cut(moov, box) for box in boxes if box.kind == b"mvhd"]
    extends = {
        u32(moov, box.body + 4): _cut(moov, box)
        for mvex in boxes if mvex.kind == b"mvex"
        for box in read_boxes(moov, mvex.body, mvex.end) if box.kind == b"trex"
    }  # fmt: skip
    tracks = [_track(moov, box, extends) for box in boxes if box.kind == b"trak"]
    if len(mvhd) != 1 or not tracks or len({track.id for track in tracks}) < len(tracks):
        raise ProtocolFault("The moov names no tracks, or two of one number.")
    return Header(mvhd=mvhd[0], tracks=tuple(tracks))


def _track(moov: bytes, trak: Box, extends: dict[int, bytes]) -> Track:
    tkhd, kind = None, b""
    for box in read_boxes(moov, trak.body, trak.end):
        if box.kind == b"tkhd":
            tkhd = box
        elif box.kind == b"mdia":
            kind = next(
                (
                    moov[inner.body + 8 : inner.body + 12]
                    for inner in read_boxes(moov, box.body, box.end)
                    if inner.kind == b"hdlr"
                ),
                b"",
            )
    if tkhd is None:
        raise ProtocolFault("A track without a header (tkhd).")
    number = u32(moov, track_id_at(moov, tkhd))
    if number not in extends:
        raise ProtocolFault("A track without trex: send fragmented MP4 (frag_keyframe+empty_moov).")
    width, height = u32(moov, tkhd.end - 8) >> 16, u32(moov, tkhd.end - 4) >> 16
    return Track(id=number, kind=kind, size=width * height, trak=_cut(moov, trak), trex=extends[number])


def track_id_at(buffer: bytes, tkhd: Box) -> int:
    """Where a track header's number stands (ISO/IEC 14496-12 §8.3.2): times before it have 4 or 8 bytes each."""
    return tkhd.body + 4 + (16 if buffer[tkhd.body] == 1 else 8)


def fragment_headers(moof: bytes) -> Iterator[tuple[Box, Box]]:
    """The `traf` boxes of a moof and the `tfhd` of each. Raises ProtocolFault, OutputBroken."""
    (outer,) = read_boxes(moof)
    for traf in read_boxes(moof, outer.body, outer.end):
        if traf.kind == b"traf":
            found = [box for box in read_boxes(moof, traf.body, traf.end) if box.kind == b"tfhd"]
            if len(found) != 1:
                raise ProtocolFault("A fragment without exactly one tfhd for a track.")
            yield traf, found[0]


def _times(moof: bytes) -> Iterator[tuple[int, int]]:
    for traf, tfhd in fragment_headers(moof):
        if u32(moof, tfhd.body) & _BASE_DATA_OFFSET:
            raise ProtocolFault("Fragments have to stand for themselves: send default-base-is-moof.")
        tfdt = [box for box in read_boxes(moof, traf.body, traf.end) if box.kind == b"tfdt"]
        if len(tfdt) != 1:
            raise ProtocolFault("A fragment without a decode time (tfdt).")
        at = tfdt[0].body
        time = struct.unpack_from(">Q", moof, at + 4)[0] if moof[at] == 1 else u32(moof, at + 4)
        yield u32(moof, tfhd.body + 4), time


def _guarded(read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What is broken in its boxes is a fault of whoever sent it."""
    try:
        return read(*args, **kwargs)
    except (OutputBroken, struct.error, IndexError, ValueError) as exc:
        raise ProtocolFault(f"This is no MP4: {exc}") from exc


def _cut(buffer: bytes, box: Box) -> bytes:
    return buffer[box.start : box.end]


def _name(kind: bytes) -> str:
    return kind.decode("ascii", "backslashreplace")
