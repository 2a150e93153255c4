"""ADTS (ISO/IEC 14496-3 §1.A.2): the bare AAC frames of an encoder's output stream. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from transcoder.errors import OutputBroken

if TYPE_CHECKING:
    from collections.abc import Iterator

RATES: Final = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
"""Sample rates by their index in ADTS and in AudioSpecificConfig."""

_HEADER: Final = 7
_LOW_COMPLEXITY: Final = 1


class FrameReader:
    """Cuts a stream: `feed` what was read, get the raw frames that are complete; `close` at the end of the stream."""

    def __init__(self, *, sample_rate: int, channels: int) -> None:
        self._expected = (_LOW_COMPLEXITY, RATES.index(sample_rate), channels)
        self._rest = bytearray()

    def feed(self, piece: bytes) -> Iterator[bytes]:
        self._rest += piece
        at = 0
        while len(self._rest) - at >= _HEADER:
            header = int.from_bytes(self._rest[at : at + _HEADER], "big")
            # syncword 12 · id 1 · layer 2 · protection_absent 1 · profile 2 · rate 4 · private 1 · channels 3 · … ·
            # length 13 · fullness 11 · blocks 2
            if header >> 44 != 0xFFF or header >> 41 & 0b11 or header & 0b11:
                raise OutputBroken("not an ADTS header with one AAC frame")
            found = (header >> 38 & 0b11, header >> 34 & 0b1111, header >> 30 & 0b111)
            if found != self._expected:
                raise OutputBroken(f"an AAC frame of (profile, rate, channels) {found}, not {self._expected}")
            start = _HEADER if header >> 40 & 1 else _HEADER + 2
            length = header >> 13 & 0x1FFF
            if length <= start:
                raise OutputBroken("an empty AAC frame")
            if len(self._rest) - at < length:
                break
            yield bytes(self._rest[at + start : at + length])
            at += length
        del self._rest[:at]

    def close(self) -> None:
        """Raises OutputBroken if the stream ended inside a frame."""
        if self._rest:
            raise OutputBroken("the stream ends inside an AAC frame")
