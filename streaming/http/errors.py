"""The one place that turns exceptions into responses."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from infra.errors import InfraError, StoreFull
from streaming.http.problem import (
    ApiError,
    InsufficientStorage,
    InternalError,
    MethodNotAllowed,
    Unavailable,
    from_status,
    problem_response,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log: Final = logging.getLogger("channel.http")


def allowed_methods(request: Request) -> list[str]:
    """The methods of every route that has this path: the router itself names those of the first one only."""
    found: set[str] = set()
    for route in request.app.routes:
        match, _ = route.matches(request.scope)
        if match is not Match.NONE:
            found |= getattr(route, "methods", None) or set()
    return sorted(found)


def as_api_error(request: Request, exc: Exception) -> ApiError:
    """The problem that an exception is for the client."""
    match exc:
        case ApiError():
            return exc
        case InfraError():
            # What it says may name hosts: it is for the log.
            log.warning("%s %s: %s", request.method, request.url.path, exc)
            return InsufficientStorage() if isinstance(exc, StoreFull) else Unavailable()
        case HTTPException(status_code=405):
            allowed = ", ".join(allowed_methods(request))
            return MethodNotAllowed(f"This address knows {allowed}.", headers={"Allow": allowed})
        case HTTPException():
            return from_status(exc.status_code, exc.detail, exc.headers)
        case _:
            return InternalError()


async def _handle(request: Request, exc: Exception) -> Response:
    return problem_response(as_api_error(request, exc))


HANDLERS: Final[Mapping[Any, Callable[[Request, Exception], Awaitable[Response]]]] = {
    ApiError: _handle,
    InfraError: _handle,
    HTTPException: _handle,
}
"""For Starlette's `exception_handlers`: all errors that are foreseen."""


class ErrorBoundary:
    """Answers what nobody foresaw with 500, inside of CORS; the log has the traceback."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except ClientDisconnect:
            return  # nobody is left to answer
        except Exception:
            if scope["type"] != "http" or started:
                raise  # the server cuts the connection: an incomplete body must not look complete
            log.exception("%s %s failed", scope["method"], scope["path"])
            await problem_response(InternalError())(scope, receive, send)
