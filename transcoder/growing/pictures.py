"""The pictures of a source that still arrives: which of them are known for good, and where segments begin.

Pictures come in decoding order. One is settled once so many that are shown later have come that none can be shown
before it any more: how many, the stream says (`transcoder.probe.reordering`).
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from transcoder.fields import field_interval, without_second_fields
from transcoder.probe.reordering import MOST

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable, Sequence

    from transcoder.timeline import Grid


class Reordering:
    """Stamps as they are decoded in, stamps as they are shown out: rising, each once, none before `first`.

    `most`: how many pictures may be decoded before one and shown after it. `fields`: two stamps make a picture.
    """

    def __init__(self, *, first: int | None, most: int, fields: bool) -> None:
        self._held: list[int] = []
        # The other field of the picture that is still to come may be held too.
        self._most, self._limit = (2 * most + 1, 2 * MOST + 1) if fields else (most, MOST)
        self._first = self._last = None if first is None else first - 1

    def take(self, stamps: Iterable[int]) -> list[int]:
        """The stamps that are settled now. One that comes later than it can is damage, and left out; what the stream
        says is not believed from there on."""
        settled = []
        for stamp in stamps:
            heapq.heappush(self._held, stamp)
            if len(self._held) <= self._most:
                continue
            earliest = heapq.heappop(self._held)
            if self._last is None or earliest > self._last:
                self._last = earliest
                settled.append(earliest)
            elif earliest < self._last != self._first:
                self._most = self._limit
        return settled


class WholePictures:
    """Stamps of settled pictures, without the second fields of a source that carries fields on their own (PAFF)."""

    def __init__(self, first: Sequence[int], *, decoded: Sequence[int], interlaced: bool) -> None:
        """`first`: the stamps from the beginning past all the `decoded` ones; they are to be taken too."""
        self._half = field_interval(first, decoded) if interlaced else None
        self._kept: int | None = None

    def take(self, stamps: Sequence[int]) -> Sequence[int]:
        if self._half is None or not stamps:
            return stamps
        # Whether a field is the second of a pair depends on the field before it alone, if that was kept.
        kept: array[int] | list[int]
        if self._kept is None:
            kept = without_second_fields(stamps, self._half)
        else:
            kept = without_second_fields([self._kept, *stamps], self._half)[1:]
        self._kept = stamps[-1] if kept and kept[-1] == stamps[-1] else None
        return kept


class SegmentStarts:
    """The picture that each segment begins with, by its stamp, as pictures settle on a grid."""

    def __init__(self, grid: Grid, *, segment: int) -> None:
        """`segment`: its length in frames of the grid."""
        self._grid = grid
        self._segment = segment
        self._shown: int | None = None
        self.starts: list[int] = []

    def take(self, stamps: Iterable[int]) -> None:
        for stamp in stamps:
            # A frame shows the last picture before the middle between it and the next: known when a later one is.
            while self._grid.slot(stamp) > len(self.starts) * self._segment:
                self.starts.append(stamp if self._shown is None else self._shown)
            self._shown = stamp

    @property
    def whole(self) -> int:
        """Segments of which every frame is known; at least one picture comes after the last of them."""
        return 0 if self._shown is None else max(0, self._grid.slot(self._shown)) // self._segment
