"""How much faster or slower a publisher's clock runs than ours: by how much later his packets come with time. Pure.

It is what `Drift` makes up for, but measured for people: over ten minutes, so that the network's unrest does not show.
Of the lines between any two windows the middle one counts (Theil and Sen), which a few bad windows do not move.
"""

from __future__ import annotations

from collections import deque
from itertools import combinations
from statistics import median
from typing import Final

_WINDOWS: Final = 60
_ENOUGH: Final = 18
"""Windows of ten seconds: three minutes."""


class Pace:
    """Of one publication, since its clock began to be compared."""

    def __init__(self) -> None:
        self._windows: deque[tuple[int, int]] = deque(maxlen=_WINDOWS)
        self.ppm: int | None = None
        """How much faster his clock runs than ours; less than 0: slower. None while that is not known."""

    def begin(self) -> None:
        """What was before says nothing of what comes: he was moved at once, or his time stamps have jumped."""
        self._windows.clear()

    def note(self, late: int, now: int) -> None:
        """A window that ended at `now` (ms); its earliest packet was `late` µs late."""
        self._windows.append((now, late))
        if len(self._windows) >= _ENOUGH:
            pairs = combinations(self._windows, 2)
            # A microsecond a millisecond is a thousandth.
            self.ppm = -round(median((late - before) * 1000 / (at - began) for (began, before), (at, late) in pairs))
