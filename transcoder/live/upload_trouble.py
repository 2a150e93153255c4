"""What goes wrong on the way into the bucket, for two readers: a sentence for editors, and the cause in the log, once.

An outage is one trouble however many requests it refuses: it is over when a minute has gone by without a refusal.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from infra.errors import BucketMissing, ObjectStoreError, StoreBusy, StoreForbidden, StoreFull

if TYPE_CHECKING:
    from collections.abc import Callable

log: Final = logging.getLogger("channel.live")

_CALM_S: Final = 60.0
_SENTENCES: Final[dict[type[Exception], str]] = {
    StoreForbidden: "it does not accept our credentials, which may have expired",
    BucketMissing: "it does not exist",
    StoreBusy: "it asks for fewer requests",
    StoreFull: "it has no room left",
}
_ELSE: Final = "it does not answer as it should"


def sentence_of(cause: Exception) -> str:
    """For whoever has never heard of S3."""
    reason = next((text for kind, text in _SENTENCES.items() if isinstance(cause, kind)), _ELSE)
    return f"The bucket takes nothing: {reason}. Whoever watches live notices nothing yet."


class UploadTrouble:
    """Of one queue. `clock` in seconds."""

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self._clock = clock or asyncio.get_running_loop().time
        self._begun_at = self._last_at = 0.0
        self._kinds: set[type[Exception]] = set()
        self._refused = self._given_up = 0
        self.sentence = ""
        """Of the last refusal."""

    def refused(self, key: str, cause: Exception) -> None:
        self._note()
        self._refused += 1
        self.sentence = sentence_of(cause)
        if type(cause) not in self._kinds:
            self._kinds.add(type(cause))
            # What no store should answer with is a fault of ours, and wants a traceback.
            fault = None if isinstance(cause, ObjectStoreError) else cause
            log.warning(
                "the bucket does not take what is live: it is tried again", exc_info=fault,
                extra={"key": key, "cause": str(cause)},
            )  # fmt: skip

    def given_up(self, key: str) -> None:
        self._note()
        if not self._given_up:
            log.error("too much waits for the bucket: the oldest segments are given up", extra={"key": key})
        self._given_up += 1

    def taken(self) -> None:
        now = self._clock()
        if (self._refused or self._given_up) and now - self._last_at >= _CALM_S:
            log.info(
                "the bucket takes all that is live again",
                extra={
                    "refused": self._refused, "given_up": self._given_up,
                    "lasted_s": round(self._last_at - self._begun_at, 1),
                },
            )  # fmt: skip
            self._kinds.clear()
            self._refused = self._given_up = 0

    def _note(self) -> None:
        self._last_at = self._clock()
        if not (self._refused or self._given_up):
            self._begun_at = self._last_at
