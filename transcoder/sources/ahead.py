"""How far to read ahead of a child: not at all while it jumps about, more and more while it goes straight on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from transcoder.sources.blocks import BLOCK, RUN

if TYPE_CHECKING:
    from transcoder.plan import Span

_LEAST: Final = 4 * BLOCK
_MOST: Final = 4 * RUN * BLOCK


class Ahead:
    """The decision for one reader. A short skip forward (a track that it does not read) is going straight on."""

    def __init__(self) -> None:
        self._next = 0
        self._straight = 0
        self._until = 0

    def wanted(self, offset: int, length: int) -> Span | None:
        """What to fetch beside the bytes [offset, offset + length) that are read now; None: nothing new."""
        if not self._next - BLOCK <= offset <= self._next + _LEAST:
            self._straight, self._until = 0, 0
        self._next = offset + length
        self._straight += length
        if self._straight <= BLOCK:
            return None
        reach = min(max(_LEAST, self._straight // 2), _MOST)
        if self._until >= self._next + reach // 2:
            return None
        start, end = max(self._until, self._next), self._next + reach
        if reach >= RUN * BLOCK:
            end = -(-end // (RUN * BLOCK)) * RUN * BLOCK  # whole requests from here on
        self._until = end
        return start, end
