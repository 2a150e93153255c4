"""The embedded S3 server for tests."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import uvicorn
from nanio.auth.credentials import StaticCredentialResolver
from nanio.config import Settings

from infra.local.s3 import KEPT_FREE, s3_app
from infra.s3 import S3Store
from infra.settings import S3Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@asynccontextmanager
async def embedded_store(folder: Path, *, kept_free: int = KEPT_FREE) -> AsyncIterator[S3Store]:
    """The embedded server behind a real HTTP server, and our client of it."""
    credentials = StaticCredentialResolver({"test": "testtest"})
    listening = socket.create_server(("127.0.0.1", 0))
    app = s3_app(Settings(data_dir=folder, credentials=credentials), kept_free=kept_free)
    running = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=2))
    serving = asyncio.create_task(running.serve(sockets=[listening]))
    while not running.started:
        await asyncio.wait({serving}, timeout=0.01)
    store = S3Store(
        S3Settings(
            endpoint_url=f"http://127.0.0.1:{listening.getsockname()[1]}", bucket="channel",
            access_key_id="test", secret_access_key="testtest",
        )
    )  # fmt: skip
    try:
        yield store
    finally:
        await store.aclose()
        running.should_exit = True
        await serving
        listening.close()
