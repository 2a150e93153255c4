"""One hostile file: which items of the list it stands for (docs/security.md), how it is made, what may become of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.hostile.seed import Seed

MADE: Final = "made"
REFUSALS: Final = frozenset(
    {
        "empty", "not_media", "unreadable", "truncated", "encrypted", "unsupported_codec", "no_streams", "too_large",
        "too_many_streams", "too_many_frames", "too_long", "broken_timeline", "too_complex",
    }
)  # fmt: skip
"""What a file may be refused with. Whatever else a failure is called, it would be tried again: a crash, a time-out."""

DAMAGED: Final = REFUSALS | {MADE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`expected`: what may become of it. `opening` only: it is sound and long, and its first segment is proof."""

    name: str
    item: int
    make: Callable[[Seed], bytes]
    expected: frozenset[str]
    opening: bool = False

    def __str__(self) -> str:
        return self.name


def refused(*codes: str) -> frozenset[str]:
    assert set(codes) <= REFUSALS
    return frozenset(codes)


PLAYS: Final = frozenset({MADE})
