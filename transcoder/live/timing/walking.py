"""Restamping a container whose pieces say how long they are: FLV tags, MP4 boxes."""

from __future__ import annotations

from abc import ABC, abstractmethod


class WalkingRestamper(ABC):
    """`Restamper`. Holds back no more than the beginning of a piece that cannot be read yet."""

    def __init__(self, *, skip: int = 0) -> None:
        """`skip`: bytes before the first piece."""
        self._rest = b""
        self._skip = skip
        self._lost = False
        """It is not understood: from now on all goes through."""

    @abstractmethod
    def _walk(self, stream: bytearray, at: int, now: int) -> int:
        """Stamp the pieces from `at` on; answers where the first one begins that is to be read when more has come."""

    def feed(self, body: bytes, now: int) -> bytes:
        if self._lost:
            return body
        if self._skip >= len(body):  # the middle of a piece: nothing is held back
            self._skip -= len(body)
            return body
        stream, at = bytearray(self._rest + body), self._skip
        self._rest, self._skip = b"", 0
        at = self._walk(stream, at, now)
        if self._lost:
            return bytes(stream)
        if at < len(stream):
            self._rest = bytes(stream[at:])
            del stream[at:]
        else:
            self._skip = at - len(stream)
        return bytes(stream)
