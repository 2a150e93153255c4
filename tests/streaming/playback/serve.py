"""One API process with playback alone, for tests that need two: `python serve.py REDIS_URL S3_URL BUCKET DATABASE_URL`.

Prints its port as soon as it listens, and ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from datetime import timedelta

import uvicorn
from starlette.responses import JSONResponse
from starlette.routing import Route

from infra.memory import MemoryEngine
from infra.redis_cache import RedisCache
from infra.s3 import S3Store
from infra.settings import S3Settings
from infra.sql import open_engine
from manifests.layout import AssetId
from streaming.catalog.service import Catalogue
from streaming.playback.service import Playback
from tests.streaming.playback.conftest import make_app
from transcoder.demand import Demand
from transcoder.encryption.key_store import KeyStore


async def main(redis_url: str, s3_url: str, bucket: str, database_url: str) -> None:
    settings = S3Settings(endpoint_url=s3_url, bucket=bucket, access_key_id="test", secret_access_key="testtest")
    store, cache, engine, sql = S3Store(settings), RedisCache(redis_url), MemoryEngine(), open_engine(database_url)
    playback = Playback(
        store=store, cache=cache, assets=Catalogue(sql=sql, cache=cache, jobs=engine),
        demand=Demand(cache=cache, jobs=engine), keys=KeyStore(store), media_base_url="",
        segment_wait=timedelta(seconds=30),
    )  # fmt: skip

    async def pending(request) -> JSONResponse:
        return JSONResponse(sorted(await engine.pending(AssetId(request.path_params["asset"]))))

    app = make_app(playback)
    app.routes.append(Route("/pending/{asset}", pending))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    listening = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    sys.stdout.write(f"{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.should_exit = True
    await serving
    await cache.aclose()
    await sql.dispose()
    await store.aclose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
