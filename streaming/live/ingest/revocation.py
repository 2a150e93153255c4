"""Putting out those whose key was revoked while they publish, whichever way they came in."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

from infra.errors import InfraError
from infra.tasks import end
from streaming.live.ingest.errors import FeedClosed
from streaming.live.ingest.publisher import Sink

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from streaming.live.ingest.publisher import Feeds, Publisher

_EVERY: Final = timedelta(seconds=5)


class Revocations(Protocol):
    """Where it is known: `streaming.live.keys.service.StreamKeys`."""

    async def is_revoked(self, key_id: str) -> bool: ...


@dataclass(slots=True, kw_only=True)
class _Sink:
    sink: Sink
    is_revoked: bool = False

    async def write(self, body: bytes) -> None:
        if self.is_revoked:
            raise FeedClosed("The stream key was revoked.")
        await self.sink.write(body)


class RevocableFeeds:
    """Feeds whose publishers' keys are looked at every few seconds. While the database is away, they go on."""

    def __init__(self, feeds: Feeds, keys: Revocations, *, every: timedelta = _EVERY) -> None:
        self._feeds = feeds
        self._keys = keys
        self._every_s = every.total_seconds()

    @asynccontextmanager
    async def open(self, publisher: Publisher) -> AsyncIterator[Sink]:
        async with self._feeds.open(publisher) as taken:
            sink = _Sink(sink=taken)
            watching = asyncio.create_task(self._watch(publisher.key_id, sink))
            try:
                yield sink
            finally:
                await end(watching)

    async def _watch(self, key_id: str, sink: _Sink) -> None:
        while not sink.is_revoked:
            await asyncio.sleep(self._every_s)
            try:
                sink.is_revoked = await self._keys.is_revoked(key_id)
            except InfraError:
                continue
