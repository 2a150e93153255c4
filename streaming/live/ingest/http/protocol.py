"""HTTP of publishers, below the application: patience for those who do not wait, and none for those who only hold on.

uvicorn's protocol, with what it has no limits for: how long a request's head may take and how large it may be (and what
stands behind a body in chunks, RFC 9112 §7.1.2), how long somebody may go on sending what was answered, and how many
connections there are at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from streaming.live.ingest.metrics import REFUSED
from streaming.live.ingest.publisher import Way

if TYPE_CHECKING:
    import asyncio

    from streaming.live.ingest.settings import HttpIngestSettings

_HEAD: Final = 64 << 10
"""Bytes that may come without a byte of a body in them."""
_FULL: Final = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 10\r\ncontent-length: 0\r\n\r\n"
_TOO_LARGE: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class PublisherProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *args: Any, limits: HttpIngestSettings, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._limits = limits
        self._deadline: asyncio.TimerHandle | None = None
        self._is_whole = True
        """No request is on its way."""
        self._idle_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        host = self._host()
        same = sum(each._host() == host for each in self.connections if isinstance(each, PublisherProtocol))
        if len(self.connections) > self._limits.connections or same > self._limits.connections_of_address:
            REFUSED.labels(Way.CMAF, "full").inc()
            self._leave(_FULL)
        else:
            self._hurry()

    def connection_lost(self, exc: Exception | None) -> None:
        self._calm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._idle_bytes += len(data)
        super().data_received(data)
        if self._idle_bytes > _HEAD and not self.transport.is_closing():
            REFUSED.labels(Way.CMAF, "fault").inc()
            self._leave(_TOO_LARGE if self.cycle is None or self.cycle.response_complete else b"")

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio: True keeps our half of the connection open
        """A request that has come whole is read to its end, though its sender closed the connection behind it.

        ffmpeg does so with each segment that it pushes; uvicorn would throw away what the application has not read.
        """
        cycle = self.cycle
        return cycle is not None and not cycle.more_body and not cycle.response_complete

    def on_message_begin(self) -> None:
        self._is_whole = False
        self._hurry()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._calm()
        self._idle_bytes = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._idle_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._is_whole = True
        self._calm()
        self._idle_bytes = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._is_whole:
            self._hurry()

    def _host(self) -> str:
        return self.client[0] if self.client else ""

    def _hurry(self) -> None:
        """What is begun has to come to its end now."""
        self._calm()
        self._deadline = self.loop.call_later(self._limits.greeting.total_seconds(), self._late)

    def _calm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _late(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self._leave()
        else:  # the request before it is being answered: as long as that takes, nothing more is read
            self._hurry()

    def _leave(self, answer: bytes = b"") -> None:
        self._calm()
        if answer:
            self.transport.write(answer)
        self.transport.close()
