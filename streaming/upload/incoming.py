"""The body of a request as it arrives, told apart into its end, a cut, silence, and another writer's wish to go on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import anyio

from streaming.upload.errors import BodyCut, BodyStalled, WriterReplaced

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import timedelta

    from starlette.types import Message, Receive


class Incoming:
    """Bytes of one ASGI request, as they come."""

    def __init__(self, receive: Receive, *, idle: timedelta) -> None:
        self._receive = receive
        self._idle_s = idle.total_seconds()
        self._waiting: anyio.CancelScope | None = None
        self._silent_since = 0.0
        self._gives_way = False

    def give_way(self, stall: timedelta) -> None:
        """End the body with WriterReplaced if no byte has come for `stall`; a body that moves is left alone."""
        if self._waiting is not None and time.monotonic() - self._silent_since >= stall.total_seconds():
            self._gives_way = True
            self._waiting.cancel()

    async def blocks(self, due: Callable[[], float | None]) -> AsyncIterator[bytes]:
        """The body. An empty block means that no byte came before the moment `due()` (monotonic), if it names one: the
        taker has something to do meanwhile, after which `due` names a later one, or none.

        Raises Interrupted where the body ends before its end.
        """
        more = True
        while more:
            self._silent_since, self._gives_way = time.monotonic(), False
            while (message := await self._next(due())) is None:
                yield b""
            if message["type"] == "http.disconnect":
                raise BodyCut
            more = message.get("more_body", False)
            if body := message.get("body", b""):
                yield body

    async def _next(self, due: float | None) -> Message | None:
        over = self._silent_since + self._idle_s
        until = over if due is None else min(over, due)
        message: Message | None = None
        # Nothing is lost by ending the wait: a server hands a message over only to somebody who still waits for it.
        with anyio.move_on_after(max(until - time.monotonic(), 0)) as self._waiting:
            message = await self._receive()
        self._waiting = None
        if message is None and self._gives_way:
            raise WriterReplaced
        if message is None and time.monotonic() >= over:
            raise BodyStalled
        return message
