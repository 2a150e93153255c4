"""A job engine in memory: the queue and its workers share one event loop."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from infra.ports import Attempt, Level, QueueDepth, RetryLater, Task

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from infra.ports import Handler

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Entry:
    task: Task
    order: int
    since: float
    not_before: float = 0.0
    failures: int = 0
    running: asyncio.Task[None] | None = field(default=None)


class MemoryEngine:
    """`JobEngine` in a list. `MemoryWorker(engine, …)` runs what it holds."""

    def __init__(self) -> None:
        self._entries: list[_Entry] = []
        self._order = 0
        self.working: list[tuple[frozenset[Level], int]] = []
        self.changed = asyncio.Condition()

    async def enqueue(self, *tasks: Task) -> None:
        async with self.changed:
            for task in tasks:
                if any(e.task.name == task.name and (e.running or e.task.level <= task.level) for e in self._entries):
                    continue
                self._order += 1
                self._entries.append(_Entry(task, self._order, asyncio.get_running_loop().time()))
            self.changed.notify_all()

    async def cancel(self, group: str, *, version: int | None = None) -> None:
        under = "" if version is None else f"{group}/{version}/"
        async with self.changed:
            mine = [e for e in self._entries if e.task.group == group and e.task.name.startswith(under)]
            for entry in mine:
                if entry.running is not None:
                    entry.running.cancel()
                self._entries.remove(entry)
            self.changed.notify_all()

    async def pending(self, group: str) -> frozenset[str]:
        return frozenset(entry.task.name for entry in self._entries if entry.task.group == group)

    async def depth(self) -> Mapping[Level, QueueDepth]:
        now = asyncio.get_running_loop().time()
        found: dict[Level, QueueDepth] = {}
        for level in Level:
            queued = [e for e in self._entries if e.task.level is level and e.running is None]
            running = [e for e in self._entries if e.task.level is level and e.running is not None]
            oldest = min((entry.since for entry in queued), default=now)
            found[level] = QueueDepth(queued=len(queued), running=len(running), oldest_s=now - oldest)
        return found

    async def queued(self, level: Level) -> Sequence[str]:
        return [entry.task.name for entry in self._entries if entry.task.level is level and entry.running is None]

    async def slots(self, level: Level) -> int:
        return sum(count for levels, count in self.working if level in levels)

    async def close(self) -> None:
        self._entries.clear()

    def take(self, levels: frozenset[Level]) -> _Entry | None:
        """The most urgent entry that may run now."""
        now = asyncio.get_running_loop().time()
        ready = [e for e in self._entries if e.running is None and e.not_before <= now and e.task.level in levels]
        return min(ready, key=lambda entry: (entry.task.level, entry.order), default=None)

    async def finished(self, entry: _Entry, *, again_in: float | None) -> None:
        """A run has ended: the entry goes, or waits `again_in` seconds for its next run."""
        async with self.changed:
            entry.running = None
            if again_in is None:
                if entry in self._entries:
                    self._entries.remove(entry)
            else:
                loop = asyncio.get_running_loop()
                entry.not_before = loop.time() + again_in
                loop.call_later(again_in, lambda: loop.create_task(self._wake()))
            self.changed.notify_all()

    async def _wake(self) -> None:
        async with self.changed:
            self.changed.notify_all()


class MemoryWorker:
    """`JobWorker` on a MemoryEngine."""

    def __init__(
        self,
        engine: MemoryEngine,
        *,
        handlers: Mapping[str, Handler],
        on_dead: Callable[[Attempt, BaseException], Awaitable[None]],
        bulk_slots: int = 1,
        first_slots: int = 1,
        index_slots: int = 1,
        urgent_slots: int = 1,
        arriving_slots: int = 1,
        max_tries: int = 3,
        retry_delay_s: float = 0.0,
    ) -> None:
        self._engine = engine
        self._handlers = handlers
        self._on_dead = on_dead
        self._slots = (
            (frozenset({Level.LIVE, Level.JUST_IN_TIME}), urgent_slots),
            (frozenset({Level.ARRIVING}), arriving_slots),
            (frozenset({Level.INDEX}), index_slots),
            (frozenset({Level.FIRST}), first_slots),
            (frozenset({Level.BULK}), bulk_slots),
        )
        self._max_tries = max_tries
        self._retry_delay_s = retry_delay_s

    async def run(self) -> None:
        self._engine.working += self._slots
        try:
            async with asyncio.TaskGroup() as slots:
                for levels, count in self._slots:
                    for _ in range(count):
                        slots.create_task(self._slot(levels))
        finally:
            for each in self._slots:
                self._engine.working.remove(each)

    async def _slot(self, levels: frozenset[Level]) -> None:
        engine = self._engine
        while True:
            async with engine.changed:
                while (entry := engine.take(levels)) is None:
                    await engine.changed.wait()
                running = entry.running = asyncio.create_task(self._attempt(entry))
            try:
                await asyncio.wait({running})
            finally:
                if not running.done():
                    running.cancel()
                    await asyncio.wait({running})

    async def _attempt(self, entry: _Entry) -> None:
        attempt = Attempt(task=entry.task, number=entry.failures + 1, last=entry.failures + 1 >= self._max_tries)
        again_in: float | None = None
        try:
            await self._handlers[entry.task.kind](attempt)
        except asyncio.CancelledError:
            again_in = 0.0  # a cancelled group is out of the list already; anything else runs again
            raise
        except RetryLater as later:
            again_in = later.delay.total_seconds()
        except Exception as exc:
            _log.warning("task %s failed (try %d)", entry.task.name, attempt.number, exc_info=exc)
            entry.failures += 1
            if attempt.last:
                await self._on_dead(attempt, exc)
            else:
                again_in = self._retry_delay_s * entry.failures
        finally:
            await self._engine.finished(entry, again_in=again_in)
