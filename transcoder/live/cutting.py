"""From the frames of one pipe to parts of an exact length. Pure: bytes in, parts out.

The encoder counts from the origin of its run, a segment's beginning on the grid. So a frame's decode time tells which
frame of the epoch it is; one that does not follow the last is an error, never guessed away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from transcoder.boxes import read_header, read_moof
from transcoder.errors import OutputBroken
from transcoder.fragments import Fragment, FragmentReader, InitSection
from transcoder.live.part import Frame, Part, fragment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manifests.layout import RenditionId
    from transcoder.live.grid import TrackGrid

_NEGATIVE: Final = 1 << 63
_SEQUENCES: Final = 1 << 32


class Cutter:
    """One rendition of one run, whose origin is the beginning of segment `origin`.

    Frames of segments before `first` are left out; so are those of an encoder's priming, which lie before the origin.
    """

    def __init__(self, rendition: RenditionId, track: TrackGrid, *, origin: int, first: int = 0) -> None:
        self._rendition, self._track = rendition, track
        self._origin = origin * track.segment
        self._begin = max(origin, first) * track.segment
        self._reader = FragmentReader()
        self._next: int | None = None
        self._frames: list[Frame] = []
        self.init: InitSection | None = None

    def feed(self, piece: bytes) -> Iterator[Part]:
        """Raises OutputBroken."""
        for found in self._reader.feed(piece):
            if isinstance(found, InitSection):
                if found.timescale != self._track.timescale:
                    raise OutputBroken(f"{self._rendition}: {found.timescale} ticks, not {self._track.timescale}")
                self.init = found
                continue
            part = self._take(found)
            if part is not None:
                yield part

    def close(self) -> Part | None:
        """What is left at the end of a run: the segment ends with it."""
        return self._part(last=True) if self._frames else None

    def _take(self, found: Fragment) -> Part | None:
        time = found.decode_time - (2 * _NEGATIVE if found.decode_time >= _NEGATIVE else 0)
        start, sample = self._origin + time, self._track.sample
        if start % sample:
            raise OutputBroken(f"{self._rendition}: a frame at {time}, which is not on the grid")
        if self._next is None and start < self._begin:
            return None
        if self._next is not None and start != self._next:
            raise OutputBroken(f"{self._rendition}: a frame at {start}, not {self._next}")
        if found.samples != 1:
            raise OutputBroken(f"{self._rendition}: a fragment of {found.samples} frames")
        self._frames.append(_frame(found))
        self._next = start + sample
        if self._next % self._track.part:
            return None
        return self._part(last=self._next % self._track.segment == 0)

    def _part(self, *, last: bool) -> Part:
        assert self._next is not None  # noqa: S101 - there are frames
        frames, self._frames = self._frames, []
        sample = self._track.sample
        start = self._next - len(frames) * sample
        return Part(
            rendition=self._rendition,
            msn=start // self._track.segment,
            start=start,
            duration=len(frames) * sample,
            independent=frames[0].sync,
            last=last,
            body=fragment(
                frames,
                sequence=start // self._track.part % _SEQUENCES,
                start=start,
                duration=sample,
                track=self._track.id,
            ),
        )


def _frame(found: Fragment) -> Frame:
    moof = read_header(found.body)
    if moof is None or any(sample.offset for sample in read_moof(found.body).samples):
        raise OutputBroken("pictures that are shown in another order than they come")
    mdat = read_header(found.body, moof.end)
    if mdat is None:
        raise OutputBroken("a fragment without frames")
    return Frame(body=found.body[mdat.body : mdat.end], sync=found.sync)
