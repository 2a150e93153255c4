"""How far a publisher's clock has run from ours, and how much is to be added to his time stamps. Pure, in integers.

A packet cannot come before it was sent, so the one that was on its way for the shortest time tells best how the clocks
stand: of each window the earliest one counts, of three windows the middle one. What is off is made up for so slowly
that nobody hears it. Only who comes back from a pause, and has not lived through it, is moved at once.
"""

from __future__ import annotations

from collections import deque
from statistics import median_low
from typing import Final

from transcoder.live.timing.pace import Pace

FASTEST_PPM: Final = 500
"""Crystals are within 100 ppm of each other, and cheap cameras within 200. 500 ppm are 0.9 cents of a tone."""
FASTEST_AT_FIRST_PPM: Final = 2_000
"""3.5 cents: what the first packets were late, since an encoder starts and connects, is made up for in a minute."""
STEP_MS: Final = 5_000
"""Later than this for a whole window: moved at once."""

_AT_FIRST_MS: Final = 60_000
_WINDOW_MS, _WINDOW_AT_FIRST_MS = 10_000, 2_000
_BURSTS_WINDOW_MS: Final = 30_000
"""Of somebody who sends whole segments: some of them."""
_WINDOWS: Final = 3
_SETTLES_S, _SETTLES_AT_FIRST_S = 100, 20
"""What is off is made up for in so many seconds, so a clock of 200 ppm stands 20 ms off."""
_PAUSE_MS: Final = 1_000
_AFTER_PAUSE_MS: Final = 3_000
"""What was held up on its way comes in a burst within this time."""
_AFTER_PAUSE_STEP_MS: Final = 1_000
_MICROSECONDS: Final = 1_000


class Drift:
    """Of one publication. `bursts`: he sends whole segments, so he is not in time, but may not become later."""

    def __init__(self, *, bursts: bool = False) -> None:
        self._bursts = bursts
        self._nanoseconds = 0
        self.ppm = 0
        """How fast time stamps are moved: positive while they fall behind our clock."""
        self.pace = Pace()
        self.begin()

    def begin(self) -> None:
        """What is late is counted from another moment from now on; what was made up for stays."""
        self.aim: int | None = None if self._bursts else 0
        """µs late, as he is meant to stay; None: not known yet."""
        self._windows: deque[int] = deque(maxlen=_WINDOWS)
        self._earliest: int | None = None
        self._ends: int | None = None
        self._later: int | None = None
        """From then on (ms) it is no longer the first minute."""
        self._last: int | None = None
        self._returned = False
        self.pace.begin()

    @property
    def shift(self) -> int:
        """µs to be added to every time stamp."""
        return self._nanoseconds // _MICROSECONDS

    def note(self, late: int, now: int) -> None:
        """A packet came at `now` (ms), `late` µs after the moment that its time stamp alone means."""
        last, self._last = now if self._last is None else self._last, now
        # 1 ppm of a millisecond is a nanosecond.
        self._nanoseconds += self.ppm * max(0, min(now - last, _WINDOW_MS))
        if self._ends is None:
            self._later = now if self._bursts else now + _AT_FIRST_MS
            self._ends = now + self._length(now)
        elif now >= self._ends:
            self._look(now)
        if now - last >= _PAUSE_MS and not self._bursts and not self._returned:
            self._windows.clear()
            self._earliest, self._ends, self._returned = None, now + _AFTER_PAUSE_MS, True
        self._earliest = late if self._earliest is None else min(self._earliest, late)

    def _is_first(self, now: int) -> bool:
        return self._later is None or now < self._later

    def _length(self, now: int) -> int:
        if self._bursts:
            return _BURSTS_WINDOW_MS
        return _WINDOW_AT_FIRST_MS if self._is_first(now) else _WINDOW_MS

    def _look(self, now: int) -> None:
        """A window is over."""
        assert self._earliest is not None  # noqa: S101 - it began with a packet
        earliest, self._earliest, self._ends = self._earliest, None, now + self._length(now)
        if self.aim is None:
            self.aim = earliest
        limit, self._returned = _AFTER_PAUSE_STEP_MS if self._returned else STEP_MS, False
        off = earliest - self.aim - self.shift
        if off > limit * _MICROSECONDS:
            self._nanoseconds += off * _MICROSECONDS
            self._windows.clear()
            self.pace.begin()
        self._windows.append(earliest)
        off = median_low(self._windows) - self.aim - self.shift
        first = self._is_first(now)
        if not first:
            self.pace.note(earliest, now)
        fastest = FASTEST_AT_FIRST_PPM if first else FASTEST_PPM
        self.ppm = max(-fastest, min(fastest, off // (_SETTLES_AT_FIRST_S if first else _SETTLES_S)))
