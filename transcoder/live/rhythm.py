"""Whether a publisher has gone quiet, by how his bytes have come until now. Pure.

Who sends as he encodes is quiet after a second. Who sends whole segments (HTTP) pauses as long as one lasts, again and
again: half as long as that once more is waited for him.
"""

from __future__ import annotations

from collections import deque
from typing import Final

_QUIET_MS: Final = 1_000
_NOTED_MS: Final = 300
"""Pauses from this length on say something."""
_REMEMBERED_MS: Final = 30_000
_LEARNING_MS: Final = 15_000
_UNKNOWN_MS: Final = 10_000
"""What a segment may last of somebody whose segments are not known yet."""


class Rhythm:
    """`begun`: ms. `bursts`: he may send whole segments, of which nothing is known yet. `patience`: ms of silence that
    are no fault of anybody."""

    def __init__(self, begun: int, *, bursts: bool = False, patience: int = _QUIET_MS) -> None:
        self._last = begun
        self._patience = patience
        self._learnt = begun + _LEARNING_MS if bursts else begun
        self._pauses: deque[tuple[int, int]] = deque()

    def came(self, now: int) -> None:
        """Bytes came."""
        if now - self._last >= _NOTED_MS:
            self._pauses.append((now, now - self._last))
        self._last = now

    def forgive(self, now: int) -> None:
        """What did not come until now says nothing of him."""
        self._last = now

    def is_quiet(self, now: int) -> bool:
        """One long pause is a fault of somebody; the second longest is how he sends."""
        while self._pauses and self._pauses[0][0] < now - _REMEMBERED_MS:
            self._pauses.popleft()
        usual = sorted(length for _, length in self._pauses)[-2:-1]
        if not usual and self._last < self._learnt:
            return now - self._last > _UNKNOWN_MS
        return now - self._last > max(self._patience, *(3 * length // 2 for length in usual), 0)
