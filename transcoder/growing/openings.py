"""What the first bytes of a source say of how it can be followed while it arrives. Pure."""

from __future__ import annotations

import struct
from enum import Enum, auto
from typing import Final

_STREAMED: Final = frozenset({"matroska", "mpegts"})
"""Demuxers that need no byte of what comes later to understand what is there."""
_LARGEST_MOOV: Final = 256 << 20


class Opening(Enum):
    """How a source can be followed."""

    STREAM = auto()
    """From the first byte on, packet by packet: TS, Matroska, fragmented MP4."""
    TABLES = auto()
    """Its whole timeline is at its beginning, and says which bytes a segment takes: an MP4 for fast start."""
    NOT = auto()
    """It is understood from its end: an MP4 as cameras write it, and whatever else there is."""


def opening(head: bytes, demuxer: str) -> Opening | int:
    """How a source that begins with `head` can be followed, or how many of its first bytes it takes to tell."""
    if demuxer in _STREAMED:
        return Opening.STREAM
    if demuxer != "mov":
        return Opening.NOT
    at = 0
    while at + 16 <= len(head):
        kind, size, payload = _box(head, at)
        if kind in (b"mdat", b"moof") or size < payload - at or size > _LARGEST_MOOV:
            return Opening.NOT
        if kind == b"moov":
            end = at + size
            return (
                (Opening.STREAM if _has_fragments(head[payload:end]) else Opening.TABLES) if len(head) >= end else end
            )
        at += size
    return at + 16


def _has_fragments(moov: bytes) -> bool:
    """Whether a movie extends box says that samples come in fragments (ISO/IEC 14496-12 §8.8.1)."""
    at = 0
    while at + 8 <= len(moov):
        kind, size, payload = _box(moov, at)
        if kind == b"mvex":
            return True
        if size < payload - at:
            return False
        at += size
    return False


def _box(body: bytes, at: int) -> tuple[bytes, int, int]:
    """Type, size, and where the payload begins (ISO/IEC 14496-12 §4.2). Size 0, "to the end of the file", is less than
    any box has."""
    size, kind = struct.unpack_from(">I4s", body, at)
    if size == 1 and at + 16 <= len(body):
        return kind, struct.unpack_from(">Q", body, at + 8)[0], at + 16
    return kind, size, at + 8
