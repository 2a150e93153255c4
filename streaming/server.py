"""One API process: settings, logs, the app, uvicorn."""

from __future__ import annotations

import gc
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import uvicorn

from infra.logs import configure
from streaming.app import create_app
from streaming.settings import ServiceSettings

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from starlette.applications import Starlette

GRACE_S: Final = 8
"""Seconds that running requests have after SIGTERM; what is not answered by then is cut."""

_BACKLOG: Final = 4096


class Server(uvicorn.Server):
    """Tells the app when it begins to stop: uvicorn waits for requests, and an event stream would never end.

    What is there once it has started stays, so the garbage collector never looks at it again. With many viewers who
    wait it would do so several times a second, and all of them would wait for it.
    """

    def __init__(self, app: Starlette, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._app = app

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        gc.collect()
        gc.freeze()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.state.closing.set()
        await super().shutdown(sockets)


def serve(environment: Mapping[str, str]) -> None:
    """Serve until SIGINT or SIGTERM. Exits with 1 where the port cannot be taken."""
    settings = ServiceSettings.from_env(environment)
    configure(level=settings.infra.log_level, style=settings.infra.log_format)
    app = create_app(settings)
    server = Server(
        app,
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            forwarded_allow_ips=settings.trusted_proxies,
            access_log=False,
            log_config=None,
            server_header=False,
            backlog=_BACKLOG,
            timeout_graceful_shutdown=GRACE_S,
        ),
    )
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        raise SystemExit(1)
