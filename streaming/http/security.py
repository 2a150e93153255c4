"""Headers that keep browsers careful: nosniff everywhere, a content security policy on whatever could be a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.datastructures import MutableHeaders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NOTHING: Final = "default-src 'none'; frame-ancestors 'none'"
_DOCUMENTS: Final = ("application/json", "application/problem+json", "text/")


def page_policy(*, media: Sequence[str] = (), stores: Sequence[str] = ()) -> str:
    """The policy of our own pages: their own scripts only; `media` and `stores` are origins that they play from and
    upload to. hls.js needs blob: for Media Source Extensions and its worker, and data: for the empty track elements
    that it makes of captions; media-chrome styles its shadow trees."""
    play = " ".join(media)
    reach = " ".join((*media, *stores))
    return "; ".join(
        " ".join(rule.split())
        for rule in (
            "default-src 'self'",
            "script-src 'self'",
            "style-src 'self' 'unsafe-inline'",
            f"img-src 'self' data: blob: {play}",
            f"media-src 'self' blob: data: {play}",
            f"connect-src 'self' blob: {reach}",
            "worker-src 'self' blob:",
            "font-src 'self' data:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        )
    )


class SecurityHeaders:
    """Adds what a response does not say by itself. Media may be embedded anywhere (Cross-Origin-Resource-Policy)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
                headers.setdefault("Cross-Origin-Resource-Policy", "cross-origin")
                if headers.get("content-type", "").startswith(_DOCUMENTS):
                    headers.setdefault("Content-Security-Policy", _NOTHING)
            await send(message)

        await self._app(scope, receive, with_headers)
