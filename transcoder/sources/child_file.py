"""A source that another process holds, as a file object (PyAV's `av.open` takes it).

Standard library only: children in the sandbox import it. One request at a time:

    question   <QI   offset, length (at most LARGEST are answered)
    answer     <i    how many bytes follow (0: the end), or -errno
    bytes

The offset LENGTH_QUESTION asks for the source's length: `<q`, UNKNOWN while nobody knows.
"""

import io
import os
import socket
import struct
from typing import Self

REQUEST = struct.Struct("<QI")
ANSWER = struct.Struct("<i")
LENGTH = struct.Struct("<q")
LENGTH_QUESTION = (1 << 64) - 1
UNKNOWN = -1
LARGEST = 1 << 20

_FIRST = 64 * 1024  # what is asked for after a jump; more and more while reading goes straight on


class RemoteFile:
    """A file to be read from the socket `fd`.

    `is_seekable` False where only a stream will do: a source that arrives has no end yet that could be looked at, and
    every jump ahead waits for what lies between.
    """

    name = "source"

    def __init__(self, fd: int, *, is_seekable: bool = True) -> None:
        self._socket = socket.socket(fileno=fd)
        self._is_seekable = is_seekable
        self._at = 0
        self._held = memoryview(b"")
        self._begin = 0  # where the held bytes lie
        self._ask = _FIRST

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._is_seekable

    def tell(self) -> int:
        return self._at

    @property
    def size(self) -> int | None:
        """Bytes of the whole source; None while nobody knows."""
        (length,) = LENGTH.unpack(self._question(LENGTH_QUESTION, LENGTH.size))
        return None if length == UNKNOWN else length

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Raises io.UnsupportedOperation for a place counted from an end that nobody knows."""
        if whence == os.SEEK_CUR:
            offset += self._at
        elif whence == os.SEEK_END:
            size = self.size
            if size is None:
                raise io.UnsupportedOperation("the end of the source is not known yet")
            offset += size
        if offset < 0:
            raise ValueError(f"a negative place in the source: {offset}")
        self._at = offset
        return offset

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, at least one but at the end; without a size all that is left."""
        if size < 0:
            pieces = []
            while piece := self.read(LARGEST):
                pieces.append(piece)
            return b"".join(pieces)
        if size == 0:
            return b""
        end = self._begin + len(self._held)
        if not self._begin <= self._at < end:
            self._ask = min(self._ask * 2, LARGEST) if self._at == end and end else _FIRST
            self._held = memoryview(self._question(self._at, max(min(size, LARGEST), self._ask)))
            self._begin = self._at
        first = self._at - self._begin
        piece = bytes(self._held[first : first + size])
        self._at += len(piece)
        return piece

    def _question(self, offset: int, length: int) -> bytes:
        self._socket.sendall(REQUEST.pack(offset, length))
        (count,) = ANSWER.unpack(self._receive(ANSWER.size))
        if count < 0:
            raise OSError(-count, os.strerror(-count))
        return self._receive(count)

    def _receive(self, count: int) -> bytes:
        body = bytearray(count)
        rest = memoryview(body)
        while rest:
            received = self._socket.recv_into(rest)
            if not received:
                raise EOFError("whoever holds the source has closed it")
            rest = rest[received:]
        return bytes(body)
