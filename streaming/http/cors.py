"""CORS for any origin, on every response: errors, 304 and streams too (Fetch standard, "CORS protocol").

Pure ASGI, so that a streamed segment costs nothing. The wildcard origin never carries cookies: the studio is
same-origin and everybody else uses tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

EXPOSED: Final = (
    "Age", "Date", "Content-Range", "Content-Length", "Content-Encoding", "ETag", "Location", "Retry-After",
    "Link", "WWW-Authenticate", "Channel-Asset-Id",
    "Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Max-Size", "Tus-Checksum-Algorithm",
    "Upload-Offset", "Upload-Length", "Upload-Metadata", "Upload-Expires", "Upload-Defer-Length",
)  # fmt: skip
ALLOWED: Final = (
    "Authorization", "Content-Type", "Range", "If-Match", "If-None-Match", "If-Range", "Accept-Language",
    "Cache-Control", "Last-Event-ID",
    "CMCD-Object", "CMCD-Request", "CMCD-Session", "CMCD-Status",
    "Tus-Resumable", "Upload-Offset", "Upload-Length", "Upload-Metadata", "Upload-Checksum", "Upload-Defer-Length",
    "Upload-Concat", "X-HTTP-Method-Override", "X-Requested-With", "X-Request-ID",
)  # fmt: skip
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
MAX_AGE_S: Final = 86_400
"""Seconds that a preflight may be remembered; browsers cap it (Firefox a day, Chromium two hours)."""

_PREFLIGHT: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": ", ".join(METHODS),
    "Access-Control-Allow-Headers": ", ".join(ALLOWED),
    "Access-Control-Max-Age": str(MAX_AGE_S),
    "Content-Length": "0",
}
# As bytes, for they go with every response: a thousand viewers are woken at once.
_ADDED: Final = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", ", ".join(EXPOSED).encode()),
)


class Cors:
    """Answers preflights; adds Access-Control-Allow-Origin and -Expose-Headers to everything else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # A plain OPTIONS (the discovery of tus) is for the application; only a preflight names the method to come.
        if scope["method"] == "OPTIONS" and "access-control-request-method" in Headers(scope=scope):
            raw = [(name.lower().encode(), value.encode()) for name, value in _PREFLIGHT.items()]
            await send({"type": "http.response.start", "status": 204, "headers": raw})
            await send({"type": "http.response.body", "body": b""})
            return

        async def with_cors(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_ADDED]
            await send(message)

        await self._app(scope, receive, with_cors)
