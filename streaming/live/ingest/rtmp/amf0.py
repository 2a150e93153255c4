"""AMF0, the values of RTMP's commands (Adobe, Action Message Format 0, 2007).

Numbers are floats, objects and ECMA arrays dicts, strict arrays lists, null and undefined None, dates their number of
milliseconds. What is nested deeper, or holds more values, than any encoder sends is refused.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, TypeAlias

from streaming.live.ingest.errors import ProtocolFault

if TYPE_CHECKING:
    from collections.abc import Sequence

Value: TypeAlias = "float | bool | str | dict[str, Value] | list[Value] | None"

_NUMBER, _BOOLEAN, _STRING, _OBJECT, _NULL, _UNDEFINED = 0, 1, 2, 3, 5, 6
_ECMA_ARRAY, _OBJECT_END, _STRICT_ARRAY, _DATE, _LONG_STRING = 8, 9, 10, 11, 12
_UNSUPPORTED, _XML, _TYPED_OBJECT = 13, 15, 16

_DEPTH: Final = 8
_VALUES: Final = 2048


def decode(body: bytes) -> list[Value]:
    """All values of a message, in order. Raises ProtocolFault."""
    reader = _Reader(body)
    values = []
    while reader.left:
        values.append(reader.value(depth=0))
    return values


def encode(*values: Value) -> bytes:
    """Values as a message's body: dicts as objects, lists as strict arrays."""
    return b"".join(map(_encoded, values))


class _Reader:
    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0
        self._values = 0

    @property
    def left(self) -> int:
        return len(self._body) - self._at

    def _take(self, size: int) -> bytes:
        if size > self.left:
            raise ProtocolFault("An AMF0 value ends in its middle.")
        self._at += size
        return self._body[self._at - size : self._at]

    def _number(self, size: int) -> int:
        return int.from_bytes(self._take(size), "big")

    def _text(self, size: int) -> str:
        # Encoders put Latin-1 into fields of metadata that nobody reads: no reason to turn them away.
        return self._take(size).decode("utf-8", "replace")

    def value(self, *, depth: int) -> Value:
        self._values += 1
        if depth > _DEPTH or self._values > _VALUES:
            raise ProtocolFault("An AMF0 value is nested too deep, or holds too many values.")
        kind = self._number(1)
        match kind:
            case 0:  # number
                return float(struct.unpack(">d", self._take(8))[0])
            case 1:  # boolean
                return self._number(1) != 0
            case 2:  # string
                return self._text(self._number(2))
            case 3:  # object
                return self._object(depth)
            case 5 | 6 | 13:  # null, undefined, unsupported
                return None
            case 8:  # ECMA array: its count is a hint, an end marker closes it (§2.10)
                self._number(4)
                return self._object(depth)
            case 10:  # strict array
                count = self._number(4)
                return [self.value(depth=depth + 1) for _ in range(min(count, _VALUES + 1))]
            case 11:  # date: milliseconds, and a time zone that is not used (§2.13)
                date = float(struct.unpack(">d", self._take(8))[0])
                self._take(2)
                return date
            case 12 | 15:  # long string, XML
                return self._text(self._number(4))
            case 16:  # typed object: its class is of no interest
                self._text(self._number(2))
                return self._object(depth)
            case _:
                raise ProtocolFault(f"AMF0 has no values of type {kind} here.")

    def _object(self, depth: int) -> dict[str, Value]:
        members: dict[str, Value] = {}
        while True:
            name = self._text(self._number(2))
            if not name and self.left and self._body[self._at] == _OBJECT_END:
                self._at += 1
                return members
            members[name] = self.value(depth=depth + 1)


def _encoded(value: Value) -> bytes:
    if value is None:
        return bytes([_NULL])
    if isinstance(value, bool):
        return bytes([_BOOLEAN, value])
    if isinstance(value, int | float):
        return struct.pack(">Bd", _NUMBER, value)
    if isinstance(value, str):
        text = value.encode()
        return struct.pack(">BH", _STRING, len(text)) + text if len(text) < 1 << 16 else _long(text)
    if isinstance(value, list):
        return struct.pack(">BI", _STRICT_ARRAY, len(value)) + encode(*value)
    return bytes([_OBJECT]) + _members(list(value.items())) + bytes([0, 0, _OBJECT_END])


def _long(text: bytes) -> bytes:
    return struct.pack(">BI", _LONG_STRING, len(text)) + text


def _members(items: Sequence[tuple[str, Value]]) -> bytes:
    return b"".join(struct.pack(">H", len(name.encode())) + name.encode() + _encoded(value) for name, value in items)
