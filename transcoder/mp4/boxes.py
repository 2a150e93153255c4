"""Boxes (ISO/IEC 14496-12 §4.2) of a file and of a `moov` in memory. What a size claims is never believed."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADER = struct.Struct(">I4s")
_LARGE = struct.Struct(">Q")


class NotPlain(ValueError):
    """The tables hold something that is not followed here, or that cannot be true: the file has to be demuxed."""


def top_level(file: BinaryIO, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """Top-level boxes of a file: type, offset of the payload, size of the payload as the header claims it.

    `end` is the size of the file (found out if it is None).
    """
    if end is None:
        end = file.seek(0, os.SEEK_END)
    at = 0
    while at + _HEADER.size <= end:
        file.seek(at)
        head = file.read(16)
        if len(head) < _HEADER.size:
            return
        size, kind = _HEADER.unpack_from(head)
        header = _HEADER.size
        if size == 1 and len(head) == 16:
            size, header = _LARGE.unpack_from(head, 8)[0], 16
        elif size == 0:
            size = end - at
        if size < header:
            return
        yield kind, at + header, size - header
        at += size


def children(body: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Boxes within a container box: type and payload. Raises NotPlain for one that leaves its container."""
    at = 0
    while at + _HEADER.size <= len(body):
        size, kind = _HEADER.unpack_from(body, at)
        header = _HEADER.size
        if size == 1 and at + 16 <= len(body):
            size, header = _LARGE.unpack_from(body, at + 8)[0], 16
        elif size == 0:
            if kind == b"\0\0\0\0":  # the four zero bytes that may end a QuickTime user data list
                return
            size = len(body) - at
        if not header <= size <= len(body) - at:
            raise NotPlain(f"box {kind!r} claims {size} bytes")
        yield kind, body[at + header : at + size]
        at += size


def child(body: memoryview, *path: bytes) -> memoryview | None:
    """The payload of the first box at `path`; None where there is none."""
    for wanted in path:
        found = next((payload for kind, payload in children(body) if kind == wanted), None)
        if found is None:
            return None
        body = found
    return body
