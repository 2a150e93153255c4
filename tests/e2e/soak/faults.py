"""What goes wrong in a stack that uploads and plays, and how often."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from tests.e2e.soak import plan

if TYPE_CHECKING:
    from collections.abc import Iterator


class FaultKind(StrEnum):
    WORKER_KILL = "worker_kill"
    """SIGKILL; another worker is started in its place."""
    WORKER_TERM = "worker_term"
    WORKER_STOP = "worker_stop"
    """SIGSTOP, and SIGCONT after `lasts_s`: a zombie that comes back when its leases have run out."""
    API_KILL = "api_kill"
    API_TERM = "api_term"
    REDIS_KILL = "redis_kill"
    """SIGKILL, and a start on the same port and folder after `lasts_s`."""
    STORE_KILL = "store_kill"
    """SIGKILL of the S3 server, and a start after `lasts_s`."""
    S3_ERROR = "s3_error"
    """500 InternalError."""
    S3_BUSY = "s3_busy"
    """503 SlowDown."""
    S3_RESET = "s3_reset"
    """The connection is reset before the request is read."""
    S3_LOST_ANSWER = "s3_lost_answer"
    """The store does what is asked, and the connection is reset before it can say so."""
    S3_CUT_ANSWER = "s3_cut_answer"
    """Half of a GET's body, then a reset."""
    S3_CUT_REQUEST = "s3_cut_request"
    """Half of a PUT's body reaches the store: a partial write."""
    S3_SLOW = "s3_slow"
    """The answer's body comes in drops, for `lasts_s`."""
    S3_LATE = "s3_late"
    """The store does what is asked, and says so after `lasts_s`."""
    S3_HANG = "s3_hang"
    """No answer for `lasts_s`, longer than a client waits; then a reset."""

    @property
    def is_kill(self) -> bool:
        """A process is ended by SIGKILL."""
        return self.value.endswith("_kill")

    @property
    def of_s3(self) -> bool:
        """It strikes a request on its way to the store."""
        return self.value.startswith("s3_")


_TABLE: Final[dict[FaultKind, plan.Often]] = {
    FaultKind.WORKER_KILL: (22, 0, 0),
    FaultKind.WORKER_TERM: (5, 0, 0),
    FaultKind.WORKER_STOP: (5, 1, 5),
    FaultKind.API_KILL: (9, 0, 0),
    FaultKind.API_TERM: (2, 0, 0),
    FaultKind.REDIS_KILL: (6, 0, 1.5),
    FaultKind.STORE_KILL: (6, 0, 1.5),
    FaultKind.S3_ERROR: (9, 0, 0),
    FaultKind.S3_BUSY: (9, 0, 0),
    FaultKind.S3_RESET: (6, 0, 0),
    FaultKind.S3_LOST_ANSWER: (6, 0, 0),
    FaultKind.S3_CUT_ANSWER: (6, 0, 0),
    FaultKind.S3_CUT_REQUEST: (6, 0, 0),
    FaultKind.S3_SLOW: (2, 1, 3),
    FaultKind.S3_LATE: (2, 1, 3),
    FaultKind.S3_HANG: (1, 25, 25),
}


def faults(seed: int, *, pause_s: float) -> Iterator[plan.Fault[FaultKind]]:
    """Faults without end, `pause_s` apart on average."""
    return plan.planned(_TABLE, seed, apart=lambda chance: chance.expovariate(1 / pause_s))
