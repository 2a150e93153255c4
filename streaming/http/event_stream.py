"""Server-sent events (HTML standard §9.2)."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import anyio
import msgspec
from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.types import Receive, Scope, Send

MEDIA_TYPE: Final = "text/event-stream"

HEARTBEAT: Final = b": still here\n\n"
"""A comment: keeps proxies from closing a quiet connection, and shows us one that is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event; `value` goes as one line of JSON. `id` comes back as Last-Event-ID when a client connects again."""

    name: str
    value: Any
    id: str

    def render(self) -> bytes:
        return f"event: {self.name}\nid: {self.id}\ndata: ".encode() + msgspec.json.encode(self.value) + b"\n\n"


def retry(milliseconds: int) -> bytes:
    """Tells the client how long to wait before it connects again."""
    return f"retry: {milliseconds}\n\n".encode()


class EventStream(Response):
    """Sends what a generator yields until it ends, the client goes, or the process stops (`app.state.closing` is set;
    the client connects again, to another process). The generator is closed in every case."""

    def __init__(self, pieces: AsyncGenerator[bytes, None]) -> None:
        # no-transform and X-Accel-Buffering: a proxy that gathers or zips pieces would hold events back.
        super().__init__(
            headers={"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"},
            media_type=MEDIA_TYPE,
        )
        del self.headers["content-length"]
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with anyio.create_task_group() as group, aclosing(self._pieces):

            async def until_gone() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                group.cancel_scope.cancel()

            async def until_closing() -> None:
                await scope["app"].state.closing.wait()
                group.cancel_scope.cancel()

            group.start_soon(until_gone)
            group.start_soon(until_closing)
            async for piece in self._pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            group.cancel_scope.cancel()
        # To a client that is gone this goes nowhere.
        await send({"type": "http.response.body", "body": b""})
