"""All routes of the uploads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streaming.upload.api_multipart import multipart_routes
from streaming.upload.api_put import put_routes
from streaming.upload.api_tus import tus_routes

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from streaming.upload.service import Uploads


def routes(uploads: Uploads) -> list[BaseRoute]:
    """tus, presigned multipart, plain PUT. The multipart paths come first: tus would take them for ids."""
    return [*multipart_routes(uploads), *put_routes(uploads), *tus_routes(uploads)]
