"""The HTTP server of a live process, for publishers: uvicorn, with patience for those who do not wait for an answer."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from streaming.live.ingest.http.api import ingest_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from streaming.live.ingest.gate import Gate
    from streaming.live.ingest.publisher import Feeds
    from streaming.live.ingest.settings import HttpIngestSettings


class PatientProtocol(HttpToolsProtocol):
    """A request that has come whole is read to its end, though its sender closed the connection behind it.

    ffmpeg does so with each segment that it pushes; uvicorn would throw away what the application has not read by then.
    """

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio: True keeps our half of the connection open
        cycle = self.cycle
        return cycle is not None and not cycle.more_body and not cycle.response_complete


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs the process."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serve_http(*, gate: Gate, feeds: Feeds, settings: HttpIngestSettings) -> AsyncIterator[None]:
    """Serve while the body runs. Raises OSError where the port cannot be taken."""
    server = _Server(
        uvicorn.Config(
            ingest_app(gate=gate, feeds=feeds, settings=settings),
            host=settings.host,
            port=settings.port,
            http=PatientProtocol,
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
    )
    task = asyncio.create_task(server.serve())
    try:
        while not server.started:
            if task.done():
                task.result()
                raise OSError(f"nothing can listen on {settings.host}:{settings.port}")
            await asyncio.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        await asyncio.wait([task])
