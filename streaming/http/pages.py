"""The built pages of web/: site, studio and API documentation, and what they load."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from manifests.media_types import IMMUTABLE
from streaming.http.caching import not_modified, strong_etag

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from starlette.requests import Request
    from starlette.types import Scope

_NOT_BUILT: Final = """\
The web pages are not built.

Build them with `make web` (or `make up`, which does everything), or set CHANNEL_WEB_DIST to the folder of built pages.
The API works without them: see /openapi.json.
"""


class Pages:
    """Pages are small and read anew each time, so that a rebuilt one shows without a restart."""

    def __init__(self, dist: Path, *, policy: str) -> None:
        self._dist = dist
        self._policy = policy

    async def _page(self, request: Request, name: str) -> Response:
        try:
            body = await asyncio.to_thread((self._dist / name).read_bytes)
        except OSError:
            return PlainTextResponse(_NOT_BUILT, status_code=503, headers={"Cache-Control": "no-store"})
        headers = {
            "Cache-Control": "no-cache", "ETag": strong_etag(body), "Content-Security-Policy": self._policy,
            "Cross-Origin-Opener-Policy": "same-origin",
        }  # fmt: skip
        return not_modified(request, headers["ETag"], headers) or Response(
            body, headers=headers, media_type="text/html"
        )

    async def site(self, request: Request) -> Response:
        return await self._page(request, "index.html")

    async def studio(self, request: Request) -> Response:
        return await self._page(request, "studio.html")

    async def docs(self, request: Request) -> Response:
        return await self._page(request, "docs.html")


class HashedFiles(StaticFiles):
    """Files whose names carry a hash of their content: they never change."""

    async def check_config(self) -> None:
        """The folder may be made later; until then it has no files."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = IMMUTABLE
        return response


def routes(dist: Path, *, policy: str) -> list[BaseRoute]:
    pages = Pages(dist, policy=policy)
    return [
        Route("/", pages.site, include_in_schema=False),
        Route("/studio", pages.studio, include_in_schema=False),
        Route("/docs", pages.docs, include_in_schema=False),
        Mount("/static", HashedFiles(directory=dist / "static", check_dir=False)),
    ]
