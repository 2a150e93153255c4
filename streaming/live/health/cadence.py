"""How pictures come: how many a second, how far apart key pictures are, and what becomes of them on the event's grid.

The encoder puts every picture into the nearest place of a constant frame rate (`fps` of ffmpeg, round=near). Where two
meet, the earlier one is dropped; where none comes, the one before is shown again. Time stamps alone decide that, so it
is worked out here from them, by the same rule. Pure.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from streaming.live.health.picture import Picture

REORDERED: Final = 16
"""Pictures that may stand between two neighbours while they are sent (H.264 A.3.1: max_dec_frame_buffering)."""

_EARLY: Final = 1000
"""Pictures that are kept at most, whatever the time stamps say."""

_KEYS: Final = 8
_RATE_S: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Places of pictures: `rate` a second. Place 0 is where the stream's clock shows `zero` ticks."""

    rate: Fraction
    zero: int
    timescale: int

    def place(self, pts: int) -> int:
        """The nearest; of two that are as near the later one."""
        whole = self.timescale * self.rate.denominator
        return (2 * (pts - self.zero) * self.rate.numerator + whole) // (2 * whole)


class Cadence:
    """Pictures of one publisher, in the order in which he sends them.

    `frames`: how many came. `dropped`: those of them that were not shown. `filled`: places in which the picture before
    was shown again. The last two lag behind by the pictures that may still change places.
    """

    def __init__(self) -> None:
        self.frames = self.dropped = self.filled = 0
        self._grid: Grid | None = None
        self._waiting: list[int] = []
        self._early: deque[int] = deque(maxlen=_EARLY)
        self._recent: deque[int] = deque(maxlen=_EARLY)
        self._keys: deque[int] = deque(maxlen=_KEYS + 1)
        self._next: int | None = None
        self._before = 0
        """Places before the first picture's own: it stands for those, too, and they are no holes."""
        self._too_early = 0

    @property
    def is_placed(self) -> bool:
        """Whether it can be told what becomes of pictures: the grid is known, and a key picture came."""
        return self._grid is not None and len(self._keys) > 0

    def add(self, picture: Picture, *, timescale: int) -> None:
        self.frames += 1
        self._recent.append(picture.pts)
        while abs(picture.pts - self._recent[0]) > _RATE_S * timescale:
            self._recent.popleft()
        if picture.key:
            # What was sent before a key picture is shown before what comes behind it.
            self._flush()
            self._keys.append(picture.pts)
            self.dropped, self._too_early = self.dropped + self._too_early, 0
        elif not self._keys:
            self._too_early += 1  # nothing can decode it
            return
        heapq.heappush(self._waiting, picture.pts)
        if len(self._waiting) > REORDERED:
            self._shown(heapq.heappop(self._waiting))

    def settle(self, grid: Grid) -> None:
        """The grid is known: also what came before is put onto it."""
        self._grid = grid
        for pts in self._early:
            self._put(pts)
        self._early.clear()

    def begin_again(self) -> None:
        """Up to the next key picture nothing is shown, and then the grid is to be settled anew."""
        self.dropped += len(self._waiting) + len(self._early)
        self._waiting.clear()
        self._early.clear()
        self._keys.clear()
        self._grid, self._next, self._before = None, None, 0

    def close(self) -> None:
        """Nothing comes any more."""
        self._flush()

    def rate(self, timescale: int) -> float | None:
        """Pictures a second over the last seconds of the stream."""
        if len(self._recent) < 2 or not timescale:
            return None
        span = max(self._recent) - min(self._recent)
        return (len(self._recent) - 1) * timescale / span if span else None

    def key_interval(self, timescale: int) -> float | None:
        """Seconds between key pictures: the longest of the last intervals, or since the last key picture if that is
        longer. None while there was one at most, and it is not long ago."""
        if not self._keys or not timescale:
            return None
        whole = max((later - earlier for earlier, later in pairwise(self._keys)), default=0)
        since = self._recent[-1] - self._keys[-1]
        return max(whole, since) / timescale if whole or since > _RATE_S * timescale else None

    def _flush(self) -> None:
        while self._waiting:
            self._shown(heapq.heappop(self._waiting))

    def _shown(self, pts: int) -> None:
        if self._grid is None:
            self._early.append(pts)
        else:
            self._put(pts)

    def _put(self, pts: int) -> None:
        assert self._grid is not None  # noqa: S101 - it was settled
        place = self._grid.place(pts)
        if self._next is None:
            self._next, self._before = 0, max(0, place)
            return
        times = max(0, place - self._next)  # that the picture before was shown
        self.dropped += times == 0
        self.filled += max(0, times - self._before - 1)
        self._next, self._before = self._next + times, 0
