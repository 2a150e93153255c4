"""Is every part that is configured there, and new enough? Each check is bounded in time and never raises."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import redis.asyncio
import sqlalchemy

from infra.errors import InfraError
from infra.local.preflight import MINIMUM_FREE
from infra.s3 import S3Store
from infra.sql import open_engine

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from infra.settings import InfraSettings

PATIENCE_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the doctor's report: `advice` says what to do and is empty when all is well."""

    part: str
    well: bool
    found: str
    advice: str = ""


async def examine(part: str, look: Callable[[], Awaitable[str]], *, advice: str) -> Finding:
    """Run one check for at most PATIENCE_S; whatever goes wrong is its finding."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            return Finding(part=part, well=True, found=await look())
    except TimeoutError:
        return Finding(part=part, well=False, found=f"no answer within {PATIENCE_S:g} s", advice=advice)
    except Exception as exc:
        said = str(exc).strip().splitlines()
        return Finding(part=part, well=False, found=said[0] if said else type(exc).__name__, advice=advice)


async def examine_infrastructure(settings: InfraSettings) -> list[Finding]:
    """Redis, the object store, the database and the disk under CHANNEL_HOME."""

    async def cache() -> str:
        async with redis.asyncio.from_url(settings.redis_url, socket_connect_timeout=PATIENCE_S) as client:
            server = await client.info("server")
            version = str(server.get("valkey_version") or server["redis_version"])
            if int(version.partition(".")[0]) < 7:
                raise InfraError(f"version {version} is too old: the job engine needs Lua functions (7.0)")
            persistence = await client.info("persistence")
            kept = "append-only" if persistence["aof_enabled"] else "NOT persistent: live counters die with it"
            return f"{server.get('server_name', 'redis')} {version} at {_place(settings.redis_url)}, {kept}"

    async def bucket() -> str:
        store = S3Store(settings.s3)
        try:
            async for _ in store.list("work/"):
                break
        finally:
            await store.aclose()
        return f"bucket {settings.s3.bucket} at {settings.s3.endpoint_url or 'AWS'}"

    async def database() -> str:
        engine = open_engine(settings.database_url)
        try:
            async with engine.connect() as connection:
                query = "select sqlite_version()" if engine.dialect.name == "sqlite" else "show server_version"
                version = (await connection.execute(sqlalchemy.text(query))).scalar_one()
        finally:
            await engine.dispose()
        return f"{engine.dialect.name} {version} at {_place(settings.database_url)}"

    async def disk() -> str:
        free = shutil.disk_usage(settings.home).free
        if free < MINIMUM_FREE:
            raise InfraError(f"{free // 2**20} MiB left under {settings.home}")
        return f"{free / 2**30:.1f} GiB free under {settings.home}"

    return list(
        await asyncio.gather(
            examine("redis", cache, advice="start `channel up`, or set CHANNEL_REDIS_URL to Redis ≥ 7 or Valkey"),
            examine(
                "object store", bucket, advice="check the CHANNEL_S3_… settings; `channel migrate` makes the bucket"
            ),
            examine("database", database, advice="check CHANNEL_DATABASE_URL"),
            examine("disk", disk, advice="free some room, or set CHANNEL_HOME to another disk"),
        )
    )


def _place(url: str) -> str:
    """Host and path of a URL, never its password."""
    parts = urlsplit(url)
    return f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"
