"""One API process: settings, logs, the app, uvicorn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import uvicorn

from infra.logs import configure
from streaming.app import create_app
from streaming.settings import ServiceSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

GRACE_S: Final = 8
"""Seconds that running requests have after SIGTERM; open event streams and waits for segments are cut then."""

_BACKLOG: Final = 4096


def serve(environment: Mapping[str, str]) -> None:
    """Serve until SIGINT or SIGTERM."""
    settings = ServiceSettings.from_env(environment)
    configure(level=settings.infra.log_level, style=settings.infra.log_format)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_config=None,
        server_header=False,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=GRACE_S,
    )
