"""Whose turn it is to write to an upload.

The epoch in SQL is what keeps writers apart; this is courtesy on top of it, so that two live writers do not fight. A
lease says that somebody writes. Whoever finds it taken asks its holder to give way, which the holder does if its client
has gone silent: a client that comes back right after a cut does not wait for the server to notice the cut. A holder
whose process died lets the lease lapse. Without Redis there is no courtesy, and the later writer wins.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from infra.errors import CacheUnavailable
from infra.tasks import end
from streaming.upload.errors import SomebodyIsWriting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import timedelta

    from infra.ports import Cache
    from manifests.layout import UploadId
    from streaming.upload.incoming import Incoming
    from streaming.upload.settings import UploadSettings

_ASK_EVERY_S: Final = 0.15
_LISTEN_AFTER_S: Final = 0.5
"""A writer that is done before this needs no subscription: nobody can have found it silent."""


class Turns:
    """Takes turns at uploads, over all API processes."""

    def __init__(self, cache: Cache, settings: UploadSettings) -> None:
        self._cache = cache
        self._settings = settings

    @asynccontextmanager
    async def taken(
        self, upload: UploadId, body: Incoming | None = None, *, patience: timedelta | None = None
    ) -> AsyncIterator[None]:
        """Hold the turn; `body` is ended when somebody else asks for it and it is silent. Raises SomebodyIsWriting."""
        async with AsyncExitStack() as stack:
            try:
                await self._take(stack, upload, patience or self._settings.patience)
            except CacheUnavailable:
                yield
                return
            if body is None:
                yield
                return
            listening = asyncio.create_task(self._listen(upload, body))
            try:
                yield
            finally:
                await end(listening)

    async def _take(self, stack: AsyncExitStack, upload: UploadId, patience: timedelta) -> None:
        give_up_at = time.monotonic() + patience.total_seconds()
        while True:
            attempt = AsyncExitStack()
            lease = await attempt.enter_async_context(self._cache.lease(f"upload:{upload}", ttl=self._settings.lease))
            if lease is not None:
                stack.push_async_exit(attempt)
                return
            await attempt.aclose()
            if time.monotonic() >= give_up_at:
                raise SomebodyIsWriting(headers={"Retry-After": "1"})
            await self._cache.publish(_channel(upload), b"give way")
            await asyncio.sleep(_ASK_EVERY_S)

    async def _listen(self, upload: UploadId, body: Incoming) -> None:
        await asyncio.sleep(_LISTEN_AFTER_S)
        with suppress(CacheUnavailable):
            async with self._cache.subscribe(_channel(upload)) as messages:
                async for _, message in messages:
                    if message:
                        body.give_way(self._settings.stall)


def _channel(upload: UploadId) -> str:
    return f"channel:upload:{upload}"
