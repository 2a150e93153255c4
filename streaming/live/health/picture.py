"""A picture as its container tells of it, and what finds pictures in a stream that passes by. Nothing is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Picture:
    """`pts`: when it is to be shown, in ticks of its scanner. `key`: decoding can begin with it."""

    pts: int
    key: bool


class Scanner(Protocol):
    """Bytes in, pictures out, in the order in which they are sent. It raises nothing, whatever the bytes are; in what
    it does not understand it finds no pictures."""

    @property
    def timescale(self) -> int:
        """Ticks a second; 0 while that is not known."""
        ...

    def feed(self, body: bytes) -> list[Picture]: ...
