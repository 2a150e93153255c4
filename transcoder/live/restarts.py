"""How often an encoder that died may be followed by another. Pure.

One that was killed is replaced; a feed that kills its decoders again and again is given up.
"""

from __future__ import annotations

from collections import deque
from typing import Final

MOST: Final = 3
WINDOW_MS: Final = 60_000


class Restarts:
    """Of one publication; times in ms, of a clock that does not go back."""

    def __init__(self) -> None:
        self.count = 0
        """All of them."""
        self._lately: deque[int] = deque()

    def lately(self, now: int) -> int:
        """Those of the last minute."""
        while self._lately and self._lately[0] <= now - WINDOW_MS:
            self._lately.popleft()
        return len(self._lately)

    def allowed(self, now: int) -> bool:
        """Whether there may be one more now, which is noted."""
        if self.lately(now) >= MOST:
            return False
        self.count += 1
        self._lately.append(now)
        return True
