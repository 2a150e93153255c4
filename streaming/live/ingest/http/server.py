"""The HTTP server of a live process, for publishers: uvicorn, with a protocol of our own below it."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import uvicorn

from streaming.live.ingest.http.api import ingest_app
from streaming.live.ingest.http.protocol import PublisherProtocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from streaming.live.ingest.gate import Gate
    from streaming.live.ingest.publisher import Feeds
    from streaming.live.ingest.settings import HttpIngestSettings


_BACKLOG: Final = 256


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs the process."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serve_http(*, gate: Gate, feeds: Feeds, settings: HttpIngestSettings) -> AsyncIterator[None]:
    """Serve while the body runs. Raises OSError where the port cannot be taken."""
    protocol: Any = partial(PublisherProtocol, limits=settings)
    # Bound here: uvicorn would end the process where it cannot.
    listening = socket.create_server(
        (settings.host, settings.port),
        family=socket.AF_INET6 if ":" in settings.host else socket.AF_INET,
        backlog=_BACKLOG,
    )
    server = _Server(
        uvicorn.Config(
            ingest_app(gate=gate, feeds=feeds, settings=settings),
            http=protocol,
            ws="none",
            backlog=_BACKLOG,
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
    )
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        while not server.started:
            if task.done():
                task.result()
                raise OSError(f"nobody listens on {settings.host}:{settings.port}")
            await asyncio.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        await asyncio.wait([task])
