"""From the frames of one pipe to parts of an exact length. Pure: bytes in, parts out.

The encoder counts from the origin of its run, a segment's beginning on the grid. So a frame's decode time tells which
frame of the epoch it is; one that does not follow the last is an error, never guessed away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from transcoder.boxes import read_header, read_moof
from transcoder.errors import OutputBroken
from transcoder.fragments import Fragment, FragmentReader, InitSection
from transcoder.live.part import Frame, part_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manifests.layout import RenditionId
    from transcoder.live.grid import TrackGrid
    from transcoder.live.part import Part

_NEGATIVE: Final = 1 << 63


class Cutter:
    """One rendition of one run, whose origin is the beginning of segment `origin`.

    Frames of an encoder's priming, which lie before the origin, are left out; so is what is left at the end of a run
    and is less than a part.
    """

    def __init__(self, rendition: RenditionId, track: TrackGrid, *, origin: int) -> None:
        self._rendition, self._track = rendition, track
        self._origin = origin * track.segment
        self._reader = FragmentReader()
        self._next = self._origin
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

    def _take(self, found: Fragment) -> Part | None:
        time = found.decode_time - (2 * _NEGATIVE if found.decode_time >= _NEGATIVE else 0)
        start, sample = self._origin + time, self._track.sample
        if start % sample:
            raise OutputBroken(f"{self._rendition}: a frame at {time}, which is not on the grid")
        if time < 0:
            return None
        if start != self._next:
            raise OutputBroken(f"{self._rendition}: a frame at {start}, not {self._next}")
        if found.samples != 1:
            raise OutputBroken(f"{self._rendition}: a fragment of {found.samples} frames")
        self._frames.append(_frame(found))
        self._next = start + sample
        if self._next % self._track.part:
            return None
        return self._part()

    def _part(self) -> Part:
        frames, self._frames = self._frames, []
        return part_of(self._rendition, self._track, frames, start=self._next - len(frames) * self._track.sample)


def _frame(found: Fragment) -> Frame:
    moof = read_header(found.body)
    if moof is None or any(sample.offset for sample in read_moof(found.body).samples):
        raise OutputBroken("pictures that are shown in another order than they come")
    mdat = read_header(found.body, moof.end)
    if mdat is None:
        raise OutputBroken("a fragment without frames")
    return Frame(body=found.body[mdat.body : mdat.end], sync=found.sync)
