"""Where a decoder can enter FLV (Adobe FLV 10.1, Annex E; Enhanced RTMP 2).

Metadata and the configuration of decoders are sent once, at the beginning: the latest of each are kept.
"""

from __future__ import annotations

from typing import Final

from streaming.live.entry.walking import WalkingEntry
from streaming.live.health.flv import picture
from streaming.live.ingest.rtmp.flv import is_header
from streaming.live.ingest.rtmp.messages import Kind, Message

_FILE_HEADER: Final = 13  # with the size of the tag before the first
_TAG: Final = 11
_SIZE: Final = 4  # of the tag before, behind each tag
_HEAD: Final = 13  # bytes of a tag's body that say what it is
_KINDS: Final = frozenset({Kind.AUDIO, Kind.VIDEO, Kind.DATA})
_LARGEST: Final = 64 << 10
"""Bytes of a tag that is kept, at the most."""
_METADATA: Final = b"\x02\x00\x0aonMetaData"  # a string in AMF0


class FlvEntry(WalkingEntry):
    def __init__(self) -> None:
        super().__init__()
        self._begin = b""
        self._kept: dict[tuple[int, int], bytes] = {}

    def _walk(self, stream: bytes, at: int) -> tuple[int, bytes]:
        entrance, before = None, b""
        if not self._begin:
            if len(stream) < _FILE_HEADER:
                return 0, b""
            self._begin, at = stream[:_FILE_HEADER], _FILE_HEADER
        while at + _TAG <= len(stream):
            kind, size = stream[at] & 0x1F, int.from_bytes(stream[at + 1 : at + 4])
            if kind not in _KINDS:
                self._is_lost, at = True, len(stream)
                break
            head = stream[at + _TAG : at + _TAG + min(size, _HEAD)]
            if len(head) < min(size, _HEAD):
                break
            end, slot = at + _TAG + size + _SIZE, _slot(kind, head) if size <= _LARGEST else None
            if slot is not None:
                if len(stream) < end:
                    break
                self._kept[slot] = stream[at:end]
            elif not self._is_open and kind == Kind.VIDEO and _is_key(head):
                self._is_open, entrance, before = True, at, self._prelude(stream[at + 4 : at + 8])
            at = end
        return at, b"" if entrance is None else before + stream[entrance:]

    def _prelude(self, time: bytes) -> bytes:
        """All that was kept, at the time of the key picture."""
        return self._begin + b"".join(tag[:4] + time + tag[8:] for tag in self._kept.values())


def _slot(kind: int, head: bytes) -> tuple[int, int] | None:
    """What a tag that is to be kept replaces; None: it is not kept."""
    if kind == Kind.DATA:
        return (kind, 0) if head.startswith(_METADATA) else None
    if not head or not is_header(Message(kind=kind, body=head)):
        return None
    is_enhanced = head[0] & 0x80 if kind == Kind.VIDEO else head[0] >> 4 == 9
    return kind, head[0] & 0x0F if is_enhanced else 0


def _is_key(head: bytes) -> bool:
    found = picture(head, 0)
    return found is not None and found.key
