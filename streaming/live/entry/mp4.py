"""Where a decoder can enter fragmented MP4 (ISO/IEC 14496-12): a fragment whose first picture is a sync sample.

The init section comes once, and is kept.
"""

from __future__ import annotations

from typing import Final

from streaming.live.health.mp4 import Mp4Scanner
from transcoder.boxes import read_header
from transcoder.errors import OutputBroken

_INIT: Final = frozenset({b"ftyp", b"moov"})
_LARGEST: Final = 1 << 20
"""An init section, or a fragment's header, at the most."""


class Mp4Entry:
    """`Entry`."""

    def __init__(self) -> None:
        self._is_open = True
        self._is_lost = False
        self._scanner = Mp4Scanner()
        self._init: dict[bytes, bytes] = {}
        self._rest = b""
        self._skip = 0

    def shut(self) -> None:
        self._is_open = False

    def passed(self, body: bytes) -> bytes:
        was_open, entered = self._is_open, self._read(body)
        return body if was_open else entered

    def _read(self, body: bytes) -> bytes:
        """What an entrance in these bytes gives, if it was shut."""
        if self._is_lost:
            return b""
        if self._skip >= len(body):
            self._skip -= len(body)
            return b""
        stream, at, entrance = self._rest + body, self._skip, None
        try:
            while (box := read_header(stream, at)) is not None:
                if box.kind in _INIT or (box.kind == b"moof" and not self._is_open):
                    if box.end - box.start > _LARGEST:
                        raise OutputBroken("a header larger than any is")
                    if box.end > len(stream):
                        break
                    if self._enters(box.kind, stream[box.start : box.end]):
                        self._is_open, entrance = True, at
                at = box.end
        except OutputBroken:
            self._is_lost, at = True, len(stream)
        self._rest, self._skip = stream[at:], max(0, at - len(stream))
        return b"" if entrance is None else b"".join(self._init.values()) + stream[entrance:]

    def _enters(self, kind: bytes, box: bytes) -> bool:
        """Whether decoding can begin with it; what comes before all fragments is kept."""
        if kind in _INIT:
            self._init[kind] = box
        pictures = self._scanner.feed(box)
        return bool(pictures) and pictures[0].key
