"""Time stamps in FLV (Adobe FLV 10.1, Annex E; Enhanced RTMP 2): milliseconds in the header of each tag."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from transcoder.live.timing.walking import WalkingRestamper

if TYPE_CHECKING:
    from transcoder.live.timing.keeper import Timekeeper

_FILE_HEADER: Final = 13  # with the size of the tag before the first
_TAG: Final = 11
_SIZE: Final = 4  # of the tag before, behind each tag
_HEAD: Final = 8  # bytes of a picture's body that may hold its composition time
_SOUND, _PICTURE, _SCRIPT = 8, 9, 18
_KINDS: Final = frozenset({_SOUND, _PICTURE, _SCRIPT})
_WRAP: Final = 1 << 32
_MS: Final = 1000

_AVC, _HEVC = 7, 12
_NALUS: Final = 1
_CODED: Final = 1
_CODED_WITHOUT_TIME: Final = 3
_TIMED: Final = frozenset({b"avc1", b"hvc1", b"vvc1"})


class FlvRestamper(WalkingRestamper):
    """What says nothing of a moment, decoders' headers and metadata, is moved as what comes before it."""

    def __init__(self, keeper: Timekeeper) -> None:
        super().__init__(skip=_FILE_HEADER)
        self._keeper = keeper
        self._shift = 0

    def _walk(self, stream: bytearray, at: int, now: int) -> int:
        while at + _TAG <= len(stream):
            kind, size = stream[at] & 0x1F, int.from_bytes(stream[at + 1 : at + 4])
            if kind not in _KINDS:
                self._lost = True
                break
            begin = at + _TAG
            head = bytes(stream[begin : begin + min(size, _HEAD)])
            if len(head) < min(size, _HEAD):
                break
            self._stamp(stream, at, kind, head, now)
            at = begin + size + _SIZE
        return at

    def _stamp(self, stream: bytearray, at: int, kind: int, head: bytes, now: int) -> None:
        time = int.from_bytes(stream[at + 4 : at + 7]) + (stream[at + 7] << 24)
        if kind == _SOUND and not _is_header_of_sound(head):
            self._shift = self._keeper.sound(kind, time * _MS, now)
        elif kind == _PICTURE and (later := composition(head)) is not None:
            self._shift = self._keeper.picture(kind, time * _MS, now, shown=(time + later) * _MS)
        moved = max(0, time + (2 * self._shift + _MS) // (2 * _MS)) % _WRAP
        stream[at + 4 : at + 7] = (moved & 0xFFFFFF).to_bytes(3)
        stream[at + 7] = moved >> 24


def _is_header_of_sound(head: bytes) -> bool:
    if not head:
        return True
    if head[0] >> 4 == 9:  # enhanced audio: the packet's type is in the lower half
        return head[0] & 0x0F != _CODED
    return head[0] >> 4 == 10 and head[1:2] == b"\0"  # AAC


def composition(head: bytes) -> int | None:
    """How much later than it is decoded a picture is shown (ms), by the first eight bytes of its tag. None: it is a
    decoder's configuration, the end of a sequence, or an empty tag."""
    if not head:
        return None
    low, offset = head[0] & 0x0F, b""
    if head[0] & 0x80:
        if low not in (_CODED, _CODED_WITHOUT_TIME):
            return None
        if low == _CODED and head[1:5] in _TIMED:
            offset = head[5:8]
    elif low in (_AVC, _HEVC):
        if head[1:2] != bytes([_NALUS]):
            return None
        offset = head[2:5]
    return int.from_bytes(offset, signed=True)
