"""Where a decoder can enter fragmented MP4 (ISO/IEC 14496-12): a fragment whose first picture is a sync sample.

The init section comes once, and is kept.
"""

from __future__ import annotations

from typing import Final

from streaming.live.entry.walking import WalkingEntry
from streaming.live.health.mp4 import Mp4Scanner
from transcoder.boxes import read_header
from transcoder.errors import OutputBroken
from transcoder.live.timing.mp4_boxes import LARGEST

_INIT: Final = frozenset({b"ftyp", b"moov"})


class Mp4Entry(WalkingEntry):
    def __init__(self) -> None:
        super().__init__()
        self._scanner = Mp4Scanner()
        self._init: dict[bytes, bytes] = {}

    def _walk(self, stream: bytes, at: int) -> tuple[int, bytes]:
        entrance = None
        try:
            while (box := read_header(stream, at)) is not None:
                if box.kind in _INIT or (box.kind == b"moof" and not self._is_open):
                    if box.end - box.start > LARGEST:
                        raise OutputBroken("a header larger than any is")
                    if box.end > len(stream):
                        break
                    if self._enters(box.kind, stream[box.start : box.end]):
                        self._is_open, entrance = True, at
                at = box.end
        except OutputBroken:
            self._is_lost, at = True, len(stream)
        return at, b"" if entrance is None else b"".join(self._init.values()) + stream[entrance:]

    def _enters(self, kind: bytes, box: bytes) -> bool:
        """Whether decoding can begin with it; what comes before all fragments is kept."""
        if kind in _INIT:
            self._init[kind] = box
        pictures = self._scanner.feed(box)
        return bool(pictures) and pictures[0].key
