"""Which faults strike when: a pure function of a seed and a table, so that a run can be made again."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

K = TypeVar("K", bound=StrEnum)
Often = tuple[float, float, float]
"""How often a kind of fault strikes, and its shortest and longest duration in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault(Generic[K]):
    """`after_s` since the one before; `victim` chooses among processes of the kind, modulo their number."""

    kind: K
    after_s: float
    victim: int
    lasts_s: float


def planned(
    table: Mapping[K, Often], seed: int, *, apart: Callable[[random.Random], float], each_first: bool = False
) -> Iterator[Fault[K]]:
    """Faults without end, so many seconds `apart`; with `each_first` each kind once among the first."""
    chance = random.Random(seed)
    kinds = list(table)
    first = chance.sample(kinds, len(kinds)) if each_first else []
    while True:
        kind = first.pop() if first else chance.choices(kinds, [table[each][0] for each in kinds])[0]
        _, shortest, longest = table[kind]
        yield Fault(
            kind=kind,
            after_s=apart(chance),
            victim=chance.randrange(1 << 16),
            lasts_s=chance.uniform(shortest, longest),
        )
