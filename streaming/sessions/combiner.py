"""Group commit: while one call of a script is under way for a shard, what comes meanwhile waits and goes as one call.

A lone heartbeat goes at once; under load a call carries many, and Redis spends its time on merging instead of on
commands. Nothing is delayed on purpose.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from streaming.sessions import scripts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.ports import Cache

MOST: Final = 100
"""Sessions in one call: it blocks Redis for about a millisecond."""

Argument = str | bytes | int


class Combiner:
    """Calls of one script whose arguments are some common ones, then one for each item.

    The common arguments of a call are those of its youngest item.
    """

    def __init__(self, cache: Cache, source: str) -> None:
        self._cache = cache
        self._source = source
        self._waiting: dict[int, list[tuple[Argument, asyncio.Future[Any]]]] = {}
        self._common: Sequence[Argument] = ()
        self._running: dict[int, asyncio.Task[None]] = {}

    async def call(self, shard: int, common: Sequence[Argument], item: Argument) -> Any:
        """The script's answer for this item. Raises what the call raised (CacheUnavailable)."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(shard, []).append((item, answer))
        self._common = common
        if shard not in self._running:
            self._running[shard] = asyncio.create_task(self._drain(shard))
        return await answer

    async def _drain(self, shard: int) -> None:
        try:
            while waiting := self._waiting.pop(shard, []):
                taken, rest = waiting[:MOST], waiting[MOST:]
                if rest:
                    self._waiting[shard] = rest
                await self._send(shard, taken)
        finally:
            del self._running[shard]

    async def _send(self, shard: int, taken: list[tuple[Argument, asyncio.Future[Any]]]) -> None:
        arguments = [*self._common, *(item for item, _ in taken)]
        try:
            answers = await self._cache.script(self._source, [scripts.prefix(shard)], arguments)
        except Exception as exc:  # whoever waits gets it
            for _, waiter in taken:
                if not waiter.done():
                    waiter.set_exception(exc)
            return
        for (_, waiter), answer in zip(taken, answers, strict=True):
            if not waiter.done():
                waiter.set_result(answer)
