"""The bytes of a publisher, as they come, with the moment at which each piece came.

What has come is kept until its last reader has begun: the opening is read by one child, and again by the encoder.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

_AHEAD: Final = 8 << 20
"""Bytes that may wait for the encoder. A publisher that sends more waits: his network is told so."""
KEPT: Final = 64 << 20
"""Bytes that are kept for a reader to come, at the most: who wants to read more before he begins is told of an end."""


class Arrivals:
    """One writer, one reader at a time. `clock`: ms since the epoch."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._kept: list[bytes] | None = []
        self._waiting: deque[bytes] = deque()
        self._held = 0
        self._ended = False
        self._changed = asyncio.Event()
        self._received = 0
        self.moments: list[tuple[int, int]] = []
        """Bytes that had come by a moment (ms), of all that is kept."""

    async def put(self, piece: bytes) -> None:
        """Waits while the reader is behind; what comes after `end` is let go."""
        if self._ended or not piece:
            return
        self._received += len(piece)
        if self._kept is not None:
            self._kept.append(piece)
            self.moments.append((self._received, self._clock()))
        self._waiting.append(piece)
        self._held += len(piece)
        self._tell()
        while self._held > _AHEAD and not self._ended:
            await self._wait()

    @property
    def is_behind(self) -> bool:
        """So much waits for the encoder that the publisher may be waiting, too."""
        return self._held > _AHEAD // 2

    @property
    def held(self) -> int:
        """Bytes that wait for the encoder."""
        return self._held

    def end(self) -> None:
        """Nothing more comes."""
        self._ended = True
        self._tell()

    @property
    def is_ended(self) -> bool:
        return self._ended

    async def begun(self) -> bool:
        """Wait for the first bytes. False: it has ended without any."""
        while not self._received and not self._ended:
            await self._wait()
        return self._received > 0

    async def replay(self, *, last: bool = False) -> AsyncIterator[bytes]:
        """From the first byte on, to the end; the `last` reader, for whom nothing is kept: others to `KEPT` bytes."""
        if self._kept is not None:
            self._waiting = deque(self._kept)
            self._held = sum(map(len, self._kept))
        if last:
            self._kept = None
        read = 0
        while True:
            while self._waiting:
                piece = self._waiting.popleft()
                self._held -= len(piece)
                self._tell()
                yield piece
                read += len(piece)
                if read >= KEPT and not last:
                    return
            if self._ended:
                return
            await self._wait()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _wait(self) -> None:
        await self._changed.wait()
