"""A publication that many requests make together: one task opens it and keeps it, the requests write to it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from infra.tasks import end
from streaming.live.ingest.errors import FeedClosed
from streaming.live.ingest.metrics import PUBLISHING, RECEIVED

if TYPE_CHECKING:
    from streaming.live.ingest.publisher import Feeds, Publisher, Sink

log: Final = logging.getLogger("channel.ingest.http")


class Publication:
    """Open it once, close it once; `write` in between, from any task."""

    def __init__(self, feeds: Feeds, publisher: Publisher) -> None:
        self._feeds = feeds
        self._publisher = publisher
        self._opened: asyncio.Future[Sink] = asyncio.get_running_loop().create_future()
        self._closing = asyncio.Event()
        self._turn = asyncio.Lock()
        self._task = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        try:
            async with self._feeds.open(self._publisher) as sink:
                self._opened.set_result(sink)
                PUBLISHING.labels(self._publisher.way).inc()
                try:
                    await self._closing.wait()
                finally:
                    PUBLISHING.labels(self._publisher.way).dec()
        except Exception as exc:
            if self._opened.done():
                log.exception("the publication of %s did not end well", self._publisher.channel)
            else:
                self._opened.set_exception(exc)

    async def opened(self) -> None:
        """Wait until somebody takes it. Raises NotTaken."""
        await asyncio.shield(self._opened)

    async def write(self, body: bytes) -> None:
        """The next bytes; whole fragments, for several tasks may write. Raises NotTaken, FeedClosed."""
        sink = await asyncio.shield(self._opened)
        async with self._turn:
            if self._closing.is_set():
                raise FeedClosed("The publication is over.")
            RECEIVED.labels(self._publisher.way).inc(len(body))
            await sink.write(body)

    async def close(self) -> None:
        """The publisher is gone."""
        self._closing.set()
        if not self._opened.done():
            await end(self._task)
            self._opened.cancel()
        await asyncio.wait([self._task])
