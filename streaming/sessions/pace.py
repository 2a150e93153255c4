"""How busy this process is with heartbeats, and so how seldom players should report."""

from __future__ import annotations

import math
from typing import Final

WINDOW_MS: Final = 5_000
SLOWEST: Final = 4.0
"""Intervals are stretched by this at most: two minutes."""


def backoff(rate: float, ceiling: float) -> float:
    """By how much to stretch the intervals so that `rate` requests a second become `ceiling`, between 1 and SLOWEST."""
    return min(SLOWEST, max(1.0, rate / ceiling))


class Pace:
    """Requests a second, as a mean that forgets over some seconds."""

    def __init__(self, ceiling: float) -> None:
        self._ceiling = ceiling
        self._count = 0.0
        self._at_ms = 0

    def hit(self, now_ms: int) -> float:
        """Count a request; the factor for the interval that its answer carries."""
        if now_ms > self._at_ms:
            self._count *= math.exp((self._at_ms - now_ms) / WINDOW_MS)
            self._at_ms = now_ms
        self._count += 1
        return backoff(self._count * 1000 / WINDOW_MS, self._ceiling)
