"""Pictures in FLV (Adobe FLV 10.1, Annex E; Enhanced RTMP 2): each tag says when it is, and whether it is a key."""

from __future__ import annotations

from typing import Final

from streaming.live.health.picture import Picture
from transcoder.live.timing.flv import composition

_FILE_HEADER: Final = 13  # with the size of the tag before the first
_TAG: Final = 11
_SIZE: Final = 4  # of the tag before, behind each tag
_HEAD: Final = 8  # bytes of a picture's body that say what it is: flags, FourCC, composition time
_KINDS: Final = frozenset({8, 9, 18})
_VIDEO: Final = 9

_KEY: Final = 1


class FlvScanner:
    """`Scanner`. Times are milliseconds, as the writer of the stream has made them: from 0 on, without a wrap."""

    timescale = 1000

    def __init__(self) -> None:
        self._rest = b""
        self._skip = _FILE_HEADER
        self._lost = False

    def feed(self, body: bytes) -> list[Picture]:
        if self._lost:
            return []
        if self._skip >= len(body):
            self._skip -= len(body)
            return []
        stream, at, found = self._rest + body, self._skip, list[Picture]()
        self._skip = 0
        while at + _TAG <= len(stream):
            kind, size = stream[at] & 0x1F, int.from_bytes(stream[at + 1 : at + 4])
            if kind not in _KINDS:
                self._lost = True
                break
            begin = at + _TAG
            if begin + min(size, _HEAD) > len(stream):
                break
            if kind == _VIDEO:
                time = int.from_bytes(stream[at + 4 : at + 7]) + (stream[at + 7] << 24)
                shown = picture(stream[begin : begin + min(size, _HEAD)], time)
                if shown is not None:
                    found.append(shown)
            at = begin + size + _SIZE
        self._rest, self._skip = stream[at:], max(0, at - len(stream))
        return found


def picture(head: bytes, time: int) -> Picture | None:
    """Of a tag with pictures, by its first eight bytes. None: a decoder's configuration, the end of a sequence, or an
    empty tag."""
    later = composition(head)
    return None if later is None else Picture(pts=time + later, key=head[0] >> 4 & 7 == _KEY)
