"""Entrances into a container whose pieces say how long they are: FLV tags, MP4 boxes."""

from __future__ import annotations

from abc import ABC, abstractmethod


class WalkingEntry(ABC):
    """`Entry`. It walks from piece to piece while it is open, too, to know where one begins."""

    def __init__(self) -> None:
        self._is_open = True
        self._is_lost = False
        """It is not understood: nothing enters any more."""
        self._rest = b""
        self._skip = 0

    @abstractmethod
    def _walk(self, stream: bytes, at: int) -> tuple[int, bytes]:
        """Look at the pieces from `at` on. Answers where the first one begins that is read when more has come, and what
        an entrance gives, if it was shut."""

    def shut(self) -> None:
        self._is_open = False

    def passed(self, body: bytes) -> bytes:
        was_open, entered = self._is_open, self._read(body)
        return body if was_open else entered

    def _read(self, body: bytes) -> bytes:
        if self._is_lost:
            return b""
        if self._skip >= len(body):
            self._skip -= len(body)
            return b""
        stream = self._rest + body
        at, entered = self._walk(stream, self._skip)
        self._rest, self._skip = stream[at:], max(0, at - len(stream))
        return entered
