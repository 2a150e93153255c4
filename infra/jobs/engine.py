"""`JobEngine`: putting tasks into the queue, counting and cancelling them."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from infra.errors import EngineUnavailable
from infra.jobs.broker import BROKER_ERRORS, BrokerWorker, open_pool
from infra.jobs.lanes import (
    GROUPS,
    KEPT_S,
    LANES,
    RUN,
    TRIES,
    WORKERS,
    Queue,
    dump,
    name_of,
    priority,
    queue_of,
    task_id,
)
from infra.jobs.scripts import ADMIT, ALIVE, CANCEL, DEPTH, PENDING, QUEUED
from infra.ports import Level, QueueDepth

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from infra.ports import Task

_log = logging.getLogger(__name__)

_BATCH: Final = 500


class StreaqEngine:
    """The queue as its clients see it. One for a process; it connects when it is first used."""

    def __init__(self, redis_url: str, *, patience: timedelta = timedelta(seconds=5)) -> None:
        """`patience`: how long a call waits for a broker that is away before EngineUnavailable."""
        self._url = redis_url
        self._patience = patience
        self._clients: dict[Queue, BrokerWorker] = {}
        self._ready = asyncio.Event()
        self._closing = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None

    async def enqueue(self, *tasks: Task) -> None:
        for first in range(0, len(tasks), _BATCH):
            await self._enqueue(tasks[first : first + _BATCH])

    async def _enqueue(self, tasks: tuple[Task, ...]) -> None:
        asked = [(task.name, int(task.level), task.group) for task in tasks]
        async with self._connected() as clients:
            wanted: list[int] = await self._script(ADMIT, tasks=asked, kept_s=KEPT_S)
            for queue, client in clients.items():
                batch = []
                for task in (tasks[position] for position in wanted):
                    if queue_of(task.level) is queue:
                        entry = client.enqueue_unsafe(RUN, task)
                        entry.id = task_id(task)
                        batch.append(entry.start(priority=priority(task.level)))
                if batch:
                    await client.enqueue_many(batch)

    async def cancel(self, group: str, *, version: int | None = None) -> None:
        under = f"{group}/" if version is None else f"{group}/{version}/"
        async with self._connected():
            await self._script(CANCEL, group=group, under=under, tries=TRIES)

    async def pending(self, group: str) -> frozenset[str]:
        async with self._connected():
            return frozenset(name_of(found) for found in await self._script(PENDING, group=group))

    async def depth(self) -> Mapping[Level, QueueDepth]:
        async with self._connected():
            found: list[list[int]] = await self._script(DEPTH)
        return {
            level: QueueDepth(queued=queued, running=running, oldest_s=oldest_ms / 1000)
            for level, (queued, running, oldest_ms) in zip(Level, found, strict=True)
        }

    async def queued(self, level: Level) -> Sequence[str]:
        async with self._connected():
            return [name_of(found) for found in await self._script(QUEUED, level=int(level))]

    async def slots(self, level: Level) -> int:
        async with self._connected():
            redis = self._clients[Queue.URGENT].redis
            found: Any = await redis.eval(ALIVE, keys=[WORKERS + queue_of(level)])
            return int(found)

    async def close(self) -> None:
        self._closing.set()
        if self._serving is not None:
            if not self._ready.is_set():
                self._serving.cancel()  # it waits for a broker
            await asyncio.gather(self._serving, return_exceptions=True)

    async def _script(self, source: str, **ask: Any) -> Any:
        redis = self._clients[Queue.URGENT].redis
        body = dump({"lanes": LANES, "groups": GROUPS, **ask})
        return await redis.eval(source, args=[body])

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Mapping[Queue, BrokerWorker]]:
        if self._serving is None:
            self._serving = asyncio.create_task(self._serve(), name="job engine")
        try:
            async with asyncio.timeout(self._patience.total_seconds()):
                await self._ready.wait()
            yield self._clients
        except BROKER_ERRORS as exc:
            await self._mend()
            raise EngineUnavailable(f"the job engine: {exc or type(exc).__name__}") from exc

    async def _mend(self) -> None:
        """A Redis that was emptied and restarted has lost the engine's functions: bring them back for the next call."""
        with suppress(*BROKER_ERRORS):
            for client in self._clients.values() if self._ready.is_set() else ():
                await client.mend()

    async def _serve(self) -> None:
        # The engine's connections live in a task group, which must be entered and left by one task.
        while not self._closing.is_set():
            pool = open_pool(self._url, patience=self._patience)
            clients = {queue: BrokerWorker(pool, queue, slots=1, idle_timeout=timedelta(seconds=10)) for queue in Queue}
            try:
                async with AsyncExitStack() as connections:
                    for client in clients.values():
                        await connections.enter_async_context(client)
                    self._clients = clients
                    self._ready.set()
                    await self._closing.wait()
            except Exception as exc:
                _log.warning("the job engine does not answer: %s", exc)
            finally:
                # Before the pause: whoever asks meanwhile waits for the next connections, not for these.
                self._ready.clear()
            if not self._closing.is_set():
                await asyncio.sleep(1)
