"""What goes wrong in a stack with a live channel, and how often."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from tests.e2e.soak import plan

if TYPE_CHECKING:
    from collections.abc import Iterator


class FaultKind(StrEnum):
    LIVE_KILL = "live_kill"
    """SIGKILL of the live process; another one is started in its place."""
    LIVE_LOST = "live_lost"
    """SIGKILL of the live process, and Redis is emptied before another one is started."""
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


_TABLE: Final[dict[FaultKind, plan.Often]] = {
    FaultKind.LIVE_KILL: (6, 0, 0),
    FaultKind.LIVE_LOST: (2, 0, 0),
    FaultKind.ENCODER_KILL: (2, 0, 0),
    FaultKind.LIVE_STOP: (1, 0.2, 1.2),
    FaultKind.API_KILL: (5, 0, 0),
    FaultKind.REDIS_KILL: (4, 0, 1.0),
    FaultKind.REDIS_EMPTIED: (1, 0, 0),
    FaultKind.STORE_KILL: (1, 0, 1.5),
    FaultKind.STORE_STOP: (2, 1, 4),
}


def faults(seed: int, *, pause_s: float) -> Iterator[plan.Fault[FaultKind]]:
    """Faults without end, `pause_s` apart on average; each kind once among the first."""
    return plan.planned(
        _TABLE, seed, apart=lambda chance: pause_s * chance.uniform(0.4, 1.6), each_first=True
    )  # fmt: skip
