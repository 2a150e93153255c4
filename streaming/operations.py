"""`/healthz`, `/readyz`, `/metrics`: what an operator's machines ask."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import select
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from infra.metrics import CONTENT_TYPE, exposition
from infra.sql import reading
from manifests.layout import AssetId, source_prefix
from streaming.http.body import json_response
from streaming.http.openapi import Reply, operation
from streaming.http.problem import Unavailable
from streaming.tokens.tables import tokens

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from sqlalchemy.ext.asyncio import AsyncEngine
    from starlette.requests import Request

    from infra.ports import Cache, JobEngine, ObjectStore

_PATIENCE_S: Final = 3.0
_PROBE: Final = "readyz"
_TAG: Final = "operations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """`ok`: the process answers."""

    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """`parts` says of each part `ok`, or what is wrong with it."""

    ready: bool
    parts: dict[str, str]


class NotReady(Unavailable):
    """A part that uploads need cannot be reached."""

    code, title = "not_ready", "Not ready"


class OperationsApi:
    def __init__(self, *, store: ObjectStore, cache: Cache, jobs: JobEngine, sql: AsyncEngine) -> None:
        self._store = store
        self._cache = cache
        self._jobs = jobs
        self._sql = sql

    async def _database(self) -> None:
        async with reading(self._sql) as connection:
            await connection.execute(select(tokens.c.id).limit(1))  # fails before the first migration too

    async def _redis(self) -> None:
        await self._cache.get(f"channel:{_PROBE}")

    async def _bucket(self) -> None:
        async for _ in self._store.list(source_prefix(AssetId(_PROBE))):
            return

    async def readiness(self) -> Readiness:
        """Asks every part at once, each for a few seconds at most."""
        names = ("database", "redis", "bucket")
        said = await asyncio.gather(*(_ask(part()) for part in (self._database, self._redis, self._bucket)))
        return Readiness(ready=all(answer == "ok" for answer in said), parts=dict(zip(names, said, strict=True)))

    @operation(summary="Is the process alive?", tag=_TAG, replies={200: Reply(description="Yes", kind=Health)})
    async def health(self, request: Request) -> Response:
        return json_response(Health(status="ok"))

    @operation(
        summary="Can it take an upload?",
        tag=_TAG,
        description="200 once the (migrated) database, Redis and the bucket can be reached; else 503 says which not.",
        replies={200: Reply(description="Yes", kind=Readiness)},
        errors=(NotReady,),
    )
    async def ready(self, request: Request) -> Response:
        found = await self.readiness()
        if not found.ready:
            failing = ", ".join(name for name, answer in found.parts.items() if answer != "ok")
            raise NotReady(f"Not reachable or not prepared: {failing}.", parts=found.parts)
        return json_response(found)

    @operation(
        summary="Metrics for Prometheus",
        tag=_TAG,
        replies={200: Reply(description="Text exposition format", media_type="text/plain")},
    )
    async def metrics(self, request: Request) -> Response:
        body = await exposition(self._jobs)
        return Response(body, headers={"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"})


async def _ask(part: Awaitable[None]) -> str:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await part
    except TimeoutError:
        return f"no answer within {_PATIENCE_S:g} s"
    except Exception as exc:
        # The first line says what is wrong; hosts and passwords of drivers' messages stay with the operator's doctor.
        return f"failed ({type(exc).__name__}): see `channel doctor`"
    return "ok"


def routes(*, store: ObjectStore, cache: Cache, jobs: JobEngine, sql: AsyncEngine) -> list[BaseRoute]:
    api = OperationsApi(store=store, cache=cache, jobs=jobs, sql=sql)
    return [
        Route("/healthz", api.health, methods=["GET"]),
        Route("/readyz", api.ready, methods=["GET"]),
        Route("/metrics", api.metrics, methods=["GET"]),
    ]
