"""The body of a request as it arrives, told apart into its end, a cut, silence, and another writer's wish to go on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import anyio

from streaming.upload.errors import BodyCut, BodyStalled, Interrupted, WriterReplaced

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import timedelta

    from starlette.types import Receive


class Incoming:
    """Bytes of one ASGI request, as they come. Iteration raises Interrupted where the body ends before its end."""

    def __init__(self, receive: Receive, *, idle: timedelta) -> None:
        self._receive = receive
        self._idle_s = idle.total_seconds()
        self._waiting: anyio.CancelScope | None = None
        self._waiting_since = 0.0
        self._reason: type[Interrupted] = BodyStalled

    def give_way(self, stall: timedelta) -> None:
        """End the body with WriterReplaced if no byte has come for `stall`; a body that moves is left alone."""
        if self._waiting is not None and time.monotonic() - self._waiting_since >= stall.total_seconds():
            self._reason = WriterReplaced
            self._waiting.cancel()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        more = True
        while more:
            self._waiting_since = time.monotonic()
            with anyio.move_on_after(self._idle_s) as self._waiting:
                message = await self._receive()
            silent, self._waiting = self._waiting.cancelled_caught, None
            if silent:
                raise self._reason
            if message["type"] == "http.disconnect":
                raise BodyCut
            more = message.get("more_body", False)
            if body := message.get("body", b""):
                yield body
