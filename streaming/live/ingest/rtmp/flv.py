"""The byte stream that a publication becomes: FLV (Adobe FLV 10.1, Annex E). Enhanced RTMP passes through as it is."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from streaming.live.ingest.errors import ProtocolFault
from streaming.live.ingest.rtmp import amf0
from streaming.live.ingest.rtmp.messages import Kind, Message

if TYPE_CHECKING:
    from collections.abc import Iterator

_AUDIO, _VIDEO = 4, 1
_HALF: Final = 1 << 31
_WRAP: Final = 1 << 32
_BACK: Final = 10_000
"""Milliseconds by which frames may stand before frames sent earlier: more than any interleaving needs."""

_LAST: Final = _WRAP - 1
_TAG: Final = 11


def header(*, audio: bool = True, video: bool = True) -> bytes:
    """The file header, and the size of the tag before the first: none. A reader waits for what is promised here."""
    return struct.pack(">3sBBII", b"FLV", 1, _AUDIO * audio + _VIDEO * video, 9, 0)


def tag(kind: int, timestamp: int, body: bytes) -> bytes:
    """One tag. `timestamp` in ms, below 2³²: its upper byte stands behind the lower three."""
    size = len(body)
    return b"".join(
        (
            struct.pack(">B", kind),
            size.to_bytes(3, "big"),
            (timestamp & 0xFFFFFF).to_bytes(3, "big"),
            bytes([timestamp >> 24, 0, 0, 0]),
            body,
            (size + _TAG).to_bytes(4, "big"),
        )
    )


def is_header(message: Message) -> bool:
    """Whether a message configures a decoder: those may come again at any time, with any timestamp."""
    body = message.body
    if message.kind == Kind.AUDIO:
        if body[0] >> 4 == 9:  # enhanced audio: the packet's type is in the lower half
            return body[0] & 0x0F == 0
        return body[0] >> 4 == 10 and body[1:2] == b"\0"  # AAC sequence header
    if body[0] & 0x80:  # enhanced video
        return body[0] & 0x0F in (0, 4)  # sequence start, metadata
    return body[0] & 0x0F in (7, 12) and body[1:2] == b"\0"  # AVC or HEVC sequence header


class Timestamps:
    """An encoder's clock of 32 bits, as one that begins at 0 and never wraps around."""

    def __init__(self) -> None:
        self._last: int | None = None
        self._now = 0
        self._latest = 0

    def of_frame(self, timestamp: int) -> int:
        """Milliseconds since the first frame. Raises ProtocolFault for a clock that was set back.

        What an encoder sends after such a jump belongs to a new publication: it is let in again when it reconnects.
        """
        if self._last is not None:
            step = (timestamp - self._last) % _WRAP
            self._now += step - _WRAP if step >= _HALF else step
        self._last = timestamp
        if self._now < self._latest - _BACK or self._now > _LAST:
            raise ProtocolFault("The encoder's clock was set back, or a publication lasts longer than FLV can say.")
        self._latest = max(self._latest, self._now)
        return max(0, self._now)

    def of_header(self) -> int:
        """Where something without a time of its own is put."""
        return self._latest


class FlvWriter:
    """Messages of one publication in, pieces of an FLV file out."""

    def __init__(self) -> None:
        self._timestamps = Timestamps()
        self._begun = False

    def written(self, message: Message) -> bytes:
        """The tag of a message, behind the file header if it is the first. Raises ProtocolFault."""
        is_timed = message.kind != Kind.DATA and not is_header(message)
        at = self._timestamps.of_frame(message.timestamp) if is_timed else self._timestamps.of_header()
        begun, self._begun = self._begun, True
        return (b"" if begun else _header_for(message)) + tag(message.kind, at, message.body)


def _header_for(first: Message) -> bytes:
    """The file header: metadata, which encoders send first, tell whether there is sound or a picture at all."""
    try:
        values = amf0.decode(first.body) if first.kind == Kind.DATA else []
    except ProtocolFault:
        values = []
    told = [name for value in values if isinstance(value, dict) for name in value]
    audio, video = "audiocodecid" in told, "videocodecid" in told
    return header(audio=audio or not video, video=video or not audio)


def unpacked(aggregate: Message) -> Iterator[Message]:
    """The messages in an aggregate (§7.1.6): tags as in FLV, whose timestamps count from the first. May raise
    ProtocolFault."""
    body, at, first = aggregate.body, 0, None
    while at < len(body):
        head = body[at : at + _TAG]
        size = int.from_bytes(head[1:4], "big")
        end = at + _TAG + size
        if len(head) < _TAG or end + 4 > len(body):
            raise ProtocolFault("An aggregate message ends in its middle.")
        timestamp = int.from_bytes(head[4:7], "big") + (head[7] << 24)
        first = timestamp if first is None else first
        yield Message(
            kind=head[0],
            body=body[at + _TAG : end],
            timestamp=(aggregate.timestamp + timestamp - first) % _WRAP,
            stream=aggregate.stream,
        )
        at = end + 4
