"""The embedded S3 server: nanio over a directory, with what it lacks.

It answers CORS, which a browser's presigned PUT needs. It lets the first writer of a key win (`first_writer.py`), sends
objects whole while they are replaced (`snapshots.py`), and closes connections on which a body may be still to come
(`unread.py`). And it says that its disk is full, before it is: what else lies on the disk (database, queue) still has
to write, and a write that fits by half must never be taken for a whole one. It may be killed at any moment
(`sidecars.py`).

Run as `python -m infra.local.s3 --data-dir DIR --port N`; credentials come by NANIO_ACCESS_KEY and NANIO_SECRET_KEY.
"""

from __future__ import annotations

import argparse
import errno
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

import uvicorn
from nanio.app import build_app
from nanio.config import Settings
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

from infra.local.first_writer import Conditions, FirstWriterStorage
from infra.local.sidecars import cleared
from infra.local.unread import CloseUnread

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

KEPT_FREE: Final = 64 * 2**20
"""Bytes of the disk that no object may take."""
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


# S3 has no code of its own for a full store; this one is MinIO's.
_FULL_DISK: Final = "XMinioStorageFull", "The disk of the object store is full: free some room."
_AGAIN: Final = "SlowDown", "Ask again."
_ERROR: Final = """<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>{}</Code><Message>{}</Message></Error>"""


class Headroom:
    """Refuses objects after which less than `kept_free` bytes of the disk would be left."""

    def __init__(self, app: ASGIApp, folder: Path, *, kept_free: int) -> None:
        self._app = app
        self._folder = folder
        self._kept_free = kept_free

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "PUT":
            coming = Headers(scope=scope).get("content-length", "")
            needed = self._kept_free + (int(coming) if coming.isdecimal() else 0)
            if shutil.disk_usage(self._folder).free < needed:
                await _refusal()(scope, receive, send)
                return
        await self._app(scope, receive, send)


async def on_os_error(_request: Request, exc: Exception) -> Response:
    """The answer to what the file system refused; raises again what is a fault."""
    if isinstance(exc, OSError) and exc.errno in _FULL:
        return _refusal()
    if isinstance(exc, FileExistsError) and cleared(exc):
        return Response(_ERROR.format(*_AGAIN), status_code=503, media_type="application/xml")
    raise exc


def _refusal() -> Response:
    return Response(_ERROR.format(*_FULL_DISK), status_code=507, media_type="application/xml")


def s3_app(settings: Settings, *, kept_free: int = KEPT_FREE) -> ASGIApp:
    """nanio behind CORS: any page may PUT to a presigned URL and must be able to read the part's ETag."""
    nanio = build_app(settings)
    nanio.add_exception_handler(OSError, on_os_error)
    nanio.state.storage = FirstWriterStorage(settings.data_dir, chunk_size=settings.chunk_size)
    return CORSMiddleware(
        CloseUnread(Headroom(Conditions(nanio), settings.data_dir, kept_free=kept_free)),
        allow_origins=("*",),
        allow_methods=("GET", "HEAD", "PUT"),
        allow_headers=("*",),
        expose_headers=("ETag", "Content-Length", "Content-Range"),
        max_age=86_400,
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.local.s3", description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True, help="buckets are folders in here")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--region", default="us-east-1")
    arguments = parser.parse_args()
    settings = Settings(
        data_dir=arguments.data_dir.resolve(), host=arguments.host, port=arguments.port, region=arguments.region
    )
    uvicorn.run(s3_app(settings), host=settings.host, port=settings.port, access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
