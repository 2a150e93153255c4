"""A cache in memory. It runs no scripts: what needs Lua needs Redis."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from infra.errors import CacheUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import timedelta

    from infra.ports import Lease


async def _messages(queue: asyncio.Queue[tuple[str, bytes]]) -> AsyncIterator[tuple[str, bytes]]:
    while True:
        yield await queue.get()


class _Held:
    def __init__(self, cache: MemoryCache, name: str) -> None:
        self._cache = cache
        self._name = name

    @property
    def lost(self) -> bool:
        return self._cache.holder(self._name) is not self


class MemoryCache:
    """`Cache` in dictionaries; time is the event loop's."""

    def __init__(self) -> None:
        self._values: dict[str, tuple[bytes, float]] = {}
        self._leases: dict[str, Lease] = {}
        self._subscribers: dict[str, set[asyncio.Queue[tuple[str, bytes]]]] = {}

    async def aclose(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Lose everything, as a flushed Redis does."""
        self._values.clear()
        self._leases.clear()

    def interrupt(self) -> None:
        """Lose the connection for a moment: whoever listens may have missed something, and is told so."""
        for queue in {queue for queues in self._subscribers.values() for queue in queues}:
            queue.put_nowait(("", b""))

    def holder(self, name: str) -> Lease | None:
        """Who holds a lease now."""
        return self._leases.get(name)

    async def get(self, key: str) -> bytes | None:
        value, until = self._values.get(key, (None, 0.0))
        return value if until > asyncio.get_running_loop().time() else None

    async def put(self, key: str, value: bytes, *, ttl: timedelta, only_if_absent: bool = False) -> bool:
        if only_if_absent and await self.get(key) is not None:
            return False
        self._values[key] = (value, asyncio.get_running_loop().time() + ttl.total_seconds())
        return True

    async def delete(self, *keys: str) -> None:
        for key in keys:
            self._values.pop(key, None)

    async def publish(self, channel: str, message: bytes) -> None:
        for queue in self._subscribers.get(channel, ()):
            queue.put_nowait((channel, message))

    @asynccontextmanager
    async def subscribe(self, *channels: str) -> AsyncIterator[AsyncIterator[tuple[str, bytes]]]:
        queue: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        for channel in channels:
            self._subscribers.setdefault(channel, set()).add(queue)
        try:
            yield _messages(queue)
        finally:
            for channel in channels:
                self._subscribers[channel].discard(queue)
                if not self._subscribers[channel]:
                    del self._subscribers[channel]

    @asynccontextmanager
    async def lease(self, name: str, *, ttl: timedelta) -> AsyncIterator[Lease | None]:
        if name in self._leases:
            yield None
            return
        held = self._leases[name] = _Held(self, name)
        try:
            yield held
        finally:
            if self._leases.get(name) is held:
                del self._leases[name]

    async def script(self, source: str, keys: Sequence[str], args: Sequence[str | bytes | int | float]) -> Any:
        raise CacheUnavailable("the cache in memory runs no Lua scripts")
