"""Which faults strike a live stack when: a pure function of a seed, so that a run can be made again."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator


class FaultKind(StrEnum):
    LIVE_KILL = "live_kill"
    """SIGKILL of the live process; another one is started in its place."""
    ENCODER_KILL = "encoder_kill"
    """SIGKILL of an encoder: another one goes on with the next key picture of the same publisher."""
    LIVE_STOP = "live_stop"
    """SIGSTOP, and SIGCONT after `lasts_s`: the machine hangs."""
    API_KILL = "api_kill"
    REDIS_KILL = "redis_kill"
    """SIGKILL, and a start on the same port and folder after `lasts_s`."""
    REDIS_EMPTIED = "redis_emptied"
    STORE_KILL = "store_kill"
    STORE_STOP = "store_stop"
    """The store hangs for `lasts_s`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`after_s` since the one before; `victim` chooses among processes of the kind, modulo their number."""

    kind: FaultKind
    after_s: float
    victim: int
    lasts_s: float


_TABLE: Final[dict[FaultKind, tuple[float, float, float]]] = {
    FaultKind.LIVE_KILL: (6, 0, 0),
    FaultKind.ENCODER_KILL: (2, 0, 0),
    FaultKind.LIVE_STOP: (1, 0.2, 1.2),
    FaultKind.API_KILL: (5, 0, 0),
    FaultKind.REDIS_KILL: (4, 0, 1.0),
    FaultKind.REDIS_EMPTIED: (1, 0, 0),
    FaultKind.STORE_KILL: (1, 0, 1.5),
    FaultKind.STORE_STOP: (2, 1, 4),
}
"""How often, and the shortest and longest duration in seconds."""


def faults(seed: int, *, pause_s: float) -> Iterator[Fault]:
    """Faults without end, `pause_s` apart on average; each kind once among the first."""
    chance = random.Random(seed)
    kinds = list(_TABLE)
    first = chance.sample(kinds, len(kinds))
    while True:
        kind = first.pop() if first else chance.choices(kinds, [_TABLE[each][0] for each in kinds])[0]
        _, shortest, longest = _TABLE[kind]
        yield Fault(
            kind=kind,
            after_s=pause_s * chance.uniform(0.4, 1.6),
            victim=chance.randrange(1 << 16),
            lasts_s=chance.uniform(shortest, longest),
        )
