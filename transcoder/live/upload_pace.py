"""How fast the bucket is asked: by what it answers. Pure.

One refusal among successes is tried again at once, by fewer at a time (S3's SlowDown asks for that). A bucket that
refuses one after the other is asked by one alone, ever more rarely, until it takes something.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

AT_ONCE: Final = 12
_IN_A_ROW: Final = 4
"""Refusals without a success between them, from which on it counts as one that takes nothing."""
_AGAIN_S: Final = 0.25
_LONGEST_S: Final = 5.0


@dataclass(slots=True)
class UploadPace:
    """`width`: uploads at a time."""

    width: int = AT_ONCE
    _in_a_row: int = 0
    _pause_s: float = _AGAIN_S

    @property
    def takes_nothing(self) -> bool:
        return self._in_a_row >= _IN_A_ROW

    def taken(self) -> None:
        self.width = min(AT_ONCE, self.width + 1)
        self._in_a_row, self._pause_s = 0, _AGAIN_S

    def refused(self) -> None:
        self._in_a_row += 1
        self.width = 1 if self.takes_nothing else max(1, self.width // 2)

    def rest(self) -> float:
        """How long nothing is asked for (s), and longer each time."""
        pause, self._pause_s = self._pause_s, min(2 * self._pause_s, _LONGEST_S)
        return pause
