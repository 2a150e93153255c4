"""Messages cut into fragments and interleaved, and put together again: RTMP's "chunk stream" (§5.3).

A fragment's header says what differs from the one before it on the same fragment stream. How much may be held is
limited: a peer could otherwise begin a message of 16 MiB on each of 65,597 fragment streams.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from streaming.live.ingest.errors import ProtocolFault
from streaming.live.ingest.rtmp.messages import Kind, Message

if TYPE_CHECKING:
    from collections.abc import Iterator

INITIAL_SIZE: Final = 128
"""Bytes of a fragment's payload until a Set Chunk Size message says otherwise (§5.4.1)."""

_EXTENDED: Final = 0xFFFFFF
_HEADERS: Final = (11, 7, 3, 0)
_WRAP: Final = 1 << 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a peer may make us hold: fragment streams, bytes of a message, bytes of all that are unfinished.

    `smallest`: the specification allows fragments of one byte, each of which costs as much as one of 64 KiB.
    """

    streams: int = 32
    message: int = 8 << 20
    unfinished: int = 12 << 20
    smallest: int = 128


@dataclass(slots=True, kw_only=True)
class _FragmentStream:
    """What the headers on one fragment stream said last, and the message that is on its way."""

    timestamp: int = 0
    delta: int = 0
    is_extended: bool = False
    length: int = 0
    kind: int = 0
    stream: int = 0
    known: bool = False
    body: bytearray = field(default_factory=bytearray)
    unfinished: bool = False


class FragmentReader:
    """Bytes in, messages out. Set Chunk Size and Abort are about fragments: they take effect here."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._size = INITIAL_SIZE
        self._buffer = bytearray()
        self._streams: dict[int, _FragmentStream] = {}
        self._reading: _FragmentStream | None = None
        self._left = 0

    def limit(self, limits: Limits) -> None:
        """Allow more, or less, from the next message on."""
        self._limits = limits

    def feed(self, body: bytes) -> None:
        self._buffer += body

    def messages(self) -> Iterator[Message]:
        """The messages that are complete. Whoever stops in between goes on later. Raises ProtocolFault."""
        while True:
            if self._reading is None and not self._header():
                return
            message = self._payload()
            if message is not None:
                if message.kind not in (Kind.SET_FRAGMENT_SIZE, Kind.ABORT):
                    yield message
                else:
                    self._obey(message)
            elif self._left:
                return

    def _payload(self) -> Message | None:
        found = self._reading
        assert found is not None  # noqa: S101 - the one caller has looked
        taken = min(self._left, len(self._buffer))
        found.body += self._buffer[:taken]
        del self._buffer[:taken]
        self._left -= taken
        if self._left:
            return None
        self._reading = None
        if len(found.body) < found.length:
            return None
        message = Message(kind=found.kind, body=bytes(found.body), timestamp=found.timestamp, stream=found.stream)
        found.body, found.unfinished = bytearray(), False
        return message

    def _header(self) -> bool:
        """Read the next fragment's header; False if it is not all there."""
        buffer = self._buffer
        if not buffer:
            return False
        form, number = buffer[0] >> 6, buffer[0] & 0x3F
        at = 1
        if number < 2:  # §5.3.1.1: the number is in the next byte, or the next two
            at = 2 + number
            if len(buffer) < at:
                return False
            number = 64 + (buffer[1] if at == 2 else buffer[1] + (buffer[2] << 8))
        found = self._streams.get(number)
        if found is None:
            if form != 0 or len(self._streams) >= self._limits.streams:
                raise ProtocolFault("A fragment goes on with what never began, or there are too many of them.")
            found = _FragmentStream()
        fields = bytes(buffer[at : at + _HEADERS[form]])
        at += _HEADERS[form]
        if len(buffer) < at:
            return False
        stated = int.from_bytes(fields[:3], "big") if form < 3 else _EXTENDED if found.is_extended else 0
        if stated == _EXTENDED:
            if len(buffer) < at + 4:
                return False
            extended = int.from_bytes(buffer[at : at + 4], "big")
            # §5.3.1.3 wants it repeated in every fragment of a message; some encoders do not, and then it is payload.
            if not (found.unfinished and form == 3 and extended != self._written(found)):
                at += 4
        else:
            extended = stated
        if not found.unfinished:
            self._begin(found, form, fields, extended, is_extended=stated == _EXTENDED)
        elif form != 3:
            raise ProtocolFault("A message begins on a fragment stream before the last one has ended.")
        self._streams[number] = found
        del buffer[:at]
        self._reading, self._left = found, min(self._size, found.length - len(found.body))
        return True

    @staticmethod
    def _written(found: _FragmentStream) -> int:
        """What the extended field of the message's first fragment held."""
        return found.delta if found.known else found.timestamp

    def _begin(self, found: _FragmentStream, form: int, fields: bytes, stated: int, *, is_extended: bool) -> None:
        """Apply the header of a message's first fragment (§5.3.1.2)."""
        if form < 2:
            found.length, found.kind = int.from_bytes(fields[3:6], "big"), fields[6]
        if form == 0:
            found.stream = int.from_bytes(fields[7:11], "little")
            found.timestamp = stated
            found.known = False
        else:
            if form < 3:
                found.delta = stated
            elif not found.known:
                found.delta = found.timestamp  # §5.3.1.2.4: after a type 0, its timestamp is the delta
            found.known = True
            found.timestamp = (found.timestamp + found.delta) % _WRAP
        if form < 3:
            found.is_extended = is_extended
        if found.length > self._limits.message:
            raise ProtocolFault(f"A message of {found.length} bytes; at most {self._limits.message} are read.")
        held = sum(each.length for each in self._streams.values() if each.unfinished)
        if held + found.length > self._limits.unfinished:
            raise ProtocolFault("Too many messages were begun and not ended.")
        found.unfinished = True

    def _obey(self, message: Message) -> None:
        if len(message.body) < 4:
            raise ProtocolFault("A protocol control message is too short.")
        value = int.from_bytes(message.body[:4], "big")
        if message.kind == Kind.ABORT:
            aborted = self._streams.get(value)
            if aborted is not None:
                aborted.body, aborted.unfinished = bytearray(), False
        elif not self._limits.smallest <= value < 1 << 31:
            raise ProtocolFault(f"Fragments of {value} bytes are not accepted.")
        else:
            self._size = value


def fragments(message: Message, *, number: int, size: int) -> bytes:
    """A message as bytes, all of it on one fragment stream (3 to 63), with whole headers."""
    stated = min(message.timestamp, _EXTENDED)
    extended = message.timestamp.to_bytes(4, "big") if stated == _EXTENDED else b""
    head = (
        bytes([number])
        + stated.to_bytes(3, "big")
        + len(message.body).to_bytes(3, "big")
        + struct.pack("<BI", message.kind, message.stream)
        + extended
    )
    body = message.body
    pieces = [head + body[:size]]
    pieces += [bytes([0xC0 | number]) + extended + body[at : at + size] for at in range(size, len(body), size)]
    return b"".join(pieces)
