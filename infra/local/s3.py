"""The embedded S3 server: nanio over a directory, with the CORS answers that a browser's presigned PUT needs.

Run as `python -m infra.local.s3 --data-dir DIR --port N`; credentials come by NANIO_ACCESS_KEY and NANIO_SECRET_KEY.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from nanio.app import build_app
from nanio.config import Settings
from starlette.middleware.cors import CORSMiddleware

if TYPE_CHECKING:
    from starlette.types import ASGIApp


def s3_app(settings: Settings) -> ASGIApp:
    """nanio behind CORS: any page may PUT to a presigned URL and must be able to read the part's ETag."""
    return CORSMiddleware(
        build_app(settings),
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
