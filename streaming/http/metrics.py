"""Requests as Prometheus metrics, by capability, method and status."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from prometheus_client import Histogram

from streaming.http.openapi import operation_of

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

ANSWER_SECONDS: Final = Histogram(
    "channel_http_answer_seconds",
    "Time from a request to the head of its answer, by capability (the tag in /openapi.json), method and status.",
    ["capability", "method", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """Counts and times every answer. Labels come from our own route table, never from what a client made up."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()

        async def timed(message: Message) -> None:
            if message["type"] == "http.response.start":
                described = operation_of(scope.get("endpoint"))  # the router has put it there meanwhile
                ANSWER_SECONDS.labels(
                    "other" if described is None else described.tag,
                    scope["method"] if scope["method"] in _METHODS else "other",
                    message["status"],
                ).observe(time.perf_counter() - begun)
            await send(message)

        await self._app(scope, receive, timed)
