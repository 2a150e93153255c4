"""Waiting for the bytes of a source that is still uploaded."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from infra.tasks import end
from transcoder import signals

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from transcoder.sources.source import OpenSource

_LOOK_AGAIN_S: Final = 1.0


class Arrivals:
    """Woken when bytes are committed; a wake-up may be lost, so that it also looks by itself."""

    def __init__(self, source: OpenSource) -> None:
        self._source = source
        self._rung = asyncio.Event()

    async def beyond(self, offset: int) -> None:
        """Wait until there is a byte at `offset`, or none will be. Raises PlanMissing when the upload is given up."""
        while not (self._source.source.whole or offset < self._source.source.arrived):
            self._rung.clear()
            known = await self._source.refresh()
            if known.whole or offset < known.arrived:
                return
            try:
                async with asyncio.timeout(_LOOK_AGAIN_S):
                    await self._rung.wait()
            except TimeoutError:
                continue

    async def listen(self, messages: AsyncIterator[tuple[str, bytes]]) -> None:
        async for _, message in messages:
            # An empty message: the connection was lost, and what was said meanwhile with it.
            if not message or signals.load(message).what == "upload":
                self._rung.set()


@asynccontextmanager
async def arrivals(source: OpenSource) -> AsyncIterator[Arrivals]:
    """Raises CacheUnavailable."""
    async with source.cache.subscribe(signals.asset_channel(source.asset)) as messages:
        waiting = Arrivals(source)
        listener = asyncio.create_task(waiting.listen(messages))
        try:
            yield waiting
        finally:
            await end(listener)
