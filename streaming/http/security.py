"""Headers that keep browsers careful: nosniff everywhere, a content security policy on whatever could be a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# As bytes, for they go with every response: a thousand viewers are woken at once.
_ADDED: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (b"cross-origin-resource-policy", b"cross-origin"),
)
_POLICY: Final = b"content-security-policy"
_NOTHING: Final = b"default-src 'none'; frame-ancestors 'none'"
_DOCUMENTS: Final = (b"application/json", b"application/problem+json", b"text/")


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
                said = dict(message.get("headers", ()))
                added = [each for each in _ADDED if each[0] not in said]
                if said.get(b"content-type", b"").startswith(_DOCUMENTS) and _POLICY not in said:
                    added.append((_POLICY, _NOTHING))
                message["headers"] = [*message.get("headers", ()), *added]
            await send(message)

        await self._app(scope, receive, with_headers)
