"""A stream of fragmented MP4, as an encoder writes it into a pipe: cut into init section and fragments, then segments.

Both steps are pure state machines: bytes in, values out. What does not continue exactly where the plan says raises
OutputBroken: a seam is right or it is not published.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from transcoder.boxes import read_header, read_moof, read_timescale
from transcoder.errors import OutputBroken

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LARGEST_BOX: Final = 128 * 1024 * 1024
_IGNORED: Final = frozenset({b"styp", b"sidx", b"free", b"prft", b"mfra"})


@dataclass(frozen=True, slots=True, kw_only=True)
class InitSection:
    """`ftyp` and `moov`; `timescale` is the ticks per second of the only track."""

    body: bytes
    timescale: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """One `moof` with its `mdat`; times in ticks. `sync` says whether its first sample can be decoded alone."""

    body: bytes
    decode_time: int
    duration: int
    samples: int
    sync: bool


class FragmentReader:
    """Cuts a byte stream: `feed` what was read, get what is complete; `close` at the end of the stream."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._ftyp = b""
        self._moof = b""

    def feed(self, piece: bytes) -> Iterator[InitSection | Fragment]:
        self._rest += piece
        while (box := read_header(self._rest)) is not None:
            if box.end > _LARGEST_BOX:
                raise OutputBroken(f"a {box.kind!r} of {box.end} bytes")
            if box.end > len(self._rest):
                return
            body = bytes(self._rest[: box.end])
            del self._rest[: box.end]
            found = self._take(box.kind, body)
            if found is not None:
                yield found

    def _take(self, kind: bytes, body: bytes) -> InitSection | Fragment | None:
        if kind == b"ftyp":
            self._ftyp = body
        elif kind == b"moov" and self._ftyp:
            return InitSection(body=self._ftyp + body, timescale=read_timescale(body))
        elif kind == b"moof" and not self._moof:
            self._moof = body
        elif kind == b"mdat" and self._moof:
            moof, self._moof = self._moof, b""
            return _fragment(moof, body)
        elif kind not in _IGNORED:
            raise OutputBroken(f"a {kind!r} where none belongs")
        return None

    def close(self) -> None:
        """Raises OutputBroken if the stream ended inside a box, or between a moof and its mdat."""
        if self._rest or self._moof:
            raise OutputBroken("the stream ends inside a fragment")


def _fragment(moof: bytes, mdat: bytes) -> Fragment:
    told = read_moof(moof)
    body = moof + mdat
    if not told.samples or told.data_offset + sum(sample.size for sample in told.samples) != len(body):
        raise OutputBroken("a moof that does not describe its mdat")
    return Fragment(
        body=body,
        decode_time=told.decode_time,
        duration=sum(sample.duration for sample in told.samples),
        samples=len(told.samples),
        sync=told.samples[0].sync,
    )


def fragments_of(segment: bytes) -> list[Fragment]:
    """The fragments of a whole segment. Raises OutputBroken."""
    reader = FragmentReader()
    found = [part for part in reader.feed(segment) if isinstance(part, Fragment)]
    reader.close()
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What segment `number` must be: first decode time and duration in ticks, number of samples."""

    number: int
    decode_time: int
    duration: int
    samples: int


Segment: TypeAlias = tuple[int, bytes]
"""A segment's number and bytes."""


class Segmenter:
    """Groups fragments into the expected segments, in order."""

    def __init__(self, shapes: Iterable[Shape]) -> None:
        self._left = deque(shapes)
        self._open: list[Fragment] = []

    def add(self, fragment: Fragment) -> Segment | None:
        """The segment that this fragment completes, if it does."""
        if not self._left:
            raise OutputBroken(f"a fragment at {fragment.decode_time} behind the window's end")
        shape = self._left[0]
        duration = sum(part.duration for part in self._open)
        if fragment.decode_time != shape.decode_time + duration:
            raise OutputBroken(
                f"segment {shape.number}: a fragment at {fragment.decode_time}, not {shape.decode_time + duration}"
            )
        if not fragment.sync:
            raise OutputBroken(f"segment {shape.number}: a fragment at {fragment.decode_time} begins inside a GOP")
        self._open.append(fragment)
        made = (duration + fragment.duration, sum(part.samples for part in self._open))
        if made == (shape.duration, shape.samples):
            body = b"".join(part.body for part in self._open)
            self._open.clear()
            self._left.popleft()
            return shape.number, body
        if made[0] >= shape.duration or made[1] >= shape.samples:
            raise OutputBroken(
                f"segment {shape.number}: {made[1]} samples in {made[0]} ticks, not {shape.samples} in {shape.duration}"
            )
        return None

    def close(self) -> None:
        """Raises OutputBroken if a segment is missing."""
        if self._left:
            raise OutputBroken(f"segment {self._left[0].number} and {len(self._left) - 1} more are missing")
