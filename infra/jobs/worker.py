"""`JobWorker`: runs handlers until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from contextlib import suppress
from datetime import timedelta
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final

from anyio import CancelScope, create_task_group, move_on_after, open_signal_receiver, sleep_forever
from streaq.types import StreaqError, StreaqRetry

from infra.errors import TaskAbandoned
from infra.jobs.broker import BROKER_ERRORS, BrokerWorker, open_pool
from infra.jobs.lanes import RUN, WORKERS, Queue, task_from, task_id
from infra.jobs.scripts import ALIVE
from infra.jobs.tries import Tries
from infra.metrics import RUN_SECONDS, RUNS
from infra.ports import Attempt, RetryLater, Task
from infra.tasks import end

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from infra.ports import Handler

    OnDead = Callable[[Attempt, BaseException], Awaitable[None]]

_log = logging.getLogger(__name__)

_LONGEST_DELAY: Final = timedelta(minutes=1)
_BROKER_DELAY: Final = timedelta(seconds=1)
_FAREWELL_S: Final = 3.0
_BELIEVED_MS: Final = 10_000
_SAID_S: Final = 2.0
_CLEAN_UP_S: Final = 5.0
"""Undisturbed time that a cancelled handler has to end its processes, before it is cancelled again."""


class StreaqWorker:
    """Takes tasks from every queue; each has slots of its own, so that bulk work holds up nothing more urgent.

    A handler runs as an asyncio task of its own: when it is cancelled it gets one CancelledError and may take its time
    to clean up. It runs again after `idle_timeout` if this process dies.
    """

    def __init__(
        self,
        *,
        redis_url: str,
        handlers: Mapping[str, Handler],
        on_dead: OnDead,
        bulk_slots: int = 1,
        first_slots: int = 1,
        index_slots: int = 1,
        urgent_slots: int = 1,
        arriving_slots: int = 1,
        max_tries: int = 5,
        limit: timedelta = timedelta(minutes=10),
        idle_timeout: timedelta = timedelta(seconds=10),
        retry_delay: timedelta = timedelta(seconds=1),
    ) -> None:
        """`max_tries`: failures that end a task, and half of the deaths that do. `limit`: the longest run of one
        handler; `retry_delay`: before the second try, doubled for each one after."""
        if min(urgent_slots, arriving_slots, index_slots, first_slots) < 1:
            raise ValueError("a worker keeps at least one slot each for urgent work, arriving uploads and new assets")
        self._url = redis_url
        self._handlers = handlers
        self._on_dead = on_dead
        self._slots = {
            Queue.URGENT: urgent_slots,
            Queue.ARRIVING: arriving_slots,
            Queue.INDEX: index_slots,
            Queue.FIRST: first_slots,
            Queue.BULK: bulk_slots,
        }
        self._max_tries = max_tries
        self._tries = Tries()
        self._suspect: str | None = None
        self._limit = limit
        self._idle_timeout = idle_timeout
        self._retry_delay = retry_delay
        self._brokers: dict[Queue, BrokerWorker] = {}
        self._stopping = False

    async def run(self) -> None:
        self._stopping = False
        async with create_task_group() as tasks:
            tasks.start_soon(self._stop_when_cancelled)
            if threading.current_thread() is threading.main_thread():
                tasks.start_soon(self._cancel_on_signal, tasks.cancel_scope)
            for queue, slots in self._slots.items():
                if slots:
                    tasks.start_soon(self._supervise, queue, slots)
                    tasks.start_soon(self._say_alive, queue, slots)

    async def _cancel_on_signal(self, scope: CancelScope) -> None:
        with open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            async for received in signals:
                _log.info("%s: running tasks go back into the queue", received.name)
                scope.cancel()
                return

    async def _stop_when_cancelled(self) -> None:
        try:
            await sleep_forever()
        finally:
            self._stopping = True
            for broker in self._brokers.values():
                broker.stop()

    async def _say_alive(self, queue: Queue, slots: int) -> None:
        """Tell how many tasks of this queue can run here, again and again: a dead worker's slots are soon forgotten."""
        me = token_hex(8)
        while not self._stopping:
            with suppress(*BROKER_ERRORS, StreaqError):  # it is not connected (any more)
                if (broker := self._brokers.get(queue)) is not None:
                    await broker.redis.eval(ALIVE, keys=[WORKERS + queue], args=[me, str(slots), str(_BELIEVED_MS)])
            await asyncio.sleep(_SAID_S)

    async def _supervise(self, queue: Queue, slots: int) -> None:
        while not self._stopping:
            pool = open_pool(self._url, patience=timedelta(minutes=1))
            broker = BrokerWorker(pool, queue, slots=slots, idle_timeout=self._idle_timeout)

            async def run(body: dict[str, Any], broker: BrokerWorker = broker) -> None:
                await self._attempt(broker, task_from(body))

            broker.task(name=RUN, max_tries=None, timeout=None, ttl=0, silent=True)(run)
            self._brokers[queue] = broker
            try:
                with CancelScope(shield=True):  # `stop` ends it
                    await broker.run_async()
            except Exception as exc:
                if not self._stopping:
                    _log.warning("queue %s: the worker broke and starts again", queue.value, exc_info=exc)
                await asyncio.sleep(1)

    async def _attempt(self, broker: BrokerWorker, task: Task) -> None:
        """One run. Returns when the task is over, raises StreaqRetry when it runs again."""
        name, redis, tries = task_id(task), broker.redis, self._tries
        try:
            tried = await tries.begin(redis, name)
            number = tried.failures + tried.deaths + 1
            if tried.is_hopeless(self._max_tries):
                attempt = Attempt(task=task, number=number - 1, last=True)
                return await self._dead(broker, attempt, TaskAbandoned())
            if (pause := tried.pause(self._max_tries, self._retry_delay)) is not None:
                _log.warning("task %s saw %d workers die; it runs again in %s", task.name, tried.deaths, pause)
                await tries.pause(redis, name)
                raise StreaqRetry(delay=pause)
            if tried.is_suspect(self._max_tries):
                if self._suspect is not None:  # beside it a death would tell nothing
                    await tries.stopped(redis, name)
                    raise StreaqRetry(delay=self._retry_delay)
                self._suspect = name
            attempt = Attempt(task=task, number=number, last=tried.failures + 1 == self._max_tries)
            kind = task.kind if task.kind in self._handlers else "unknown"
            try:
                with RUN_SECONDS.labels(kind).time():
                    await self._call(attempt)
            except asyncio.CancelledError:
                RUNS.labels(kind, "stopped").inc()
                with CancelScope(shield=True), move_on_after(_FAREWELL_S):
                    await (tries.over if broker.aborted(name) else tries.stopped)(redis, name)
                raise
            except RetryLater as later:
                RUNS.labels(kind, "later").inc()
                await tries.stopped(redis, name)
                raise StreaqRetry(delay=later.delay) from later
            except Exception as exc:
                RUNS.labels(kind, "dead" if attempt.last else "failed").inc()
                if attempt.last:
                    return await self._dead(broker, attempt, exc)
                await tries.failed(redis, name)
                delay = min(self._retry_delay * 2**tried.failures, _LONGEST_DELAY)
                _log.warning("task %s failed (try %d, again in %s)", task.name, number, delay, exc_info=exc)
                raise StreaqRetry(delay=delay) from exc
            RUNS.labels(kind, "done").inc()
            await tries.over(redis, name)
        except BROKER_ERRORS as exc:
            raise StreaqRetry(delay=_BROKER_DELAY) from exc
        finally:
            if self._suspect == name:
                self._suspect = None

    async def _call(self, attempt: Attempt) -> None:
        handler = self._handlers.get(attempt.task.kind)
        if handler is None:
            raise LookupError(f"no handler for tasks of kind {attempt.task.kind!r}")
        # Not awaited directly: the engine's cancel scopes cancel again at every await, also in the handler's clean-up.
        running = asyncio.ensure_future(handler(attempt))
        try:
            await asyncio.wait({running}, timeout=self._limit.total_seconds())
        finally:
            stopped = not running.done()
            if stopped:
                with CancelScope(shield=True):
                    await end(running, again_s=_CLEAN_UP_S)
        if stopped or running.cancelled():
            raise TimeoutError(f"ran longer than {self._limit}" if stopped else "the handler cancelled itself")
        running.result()

    async def _dead(self, broker: BrokerWorker, attempt: Attempt, exc: BaseException) -> None:
        _log.error("task %s is given up after %d tries", attempt.task.name, attempt.number, exc_info=exc)
        try:
            await self._on_dead(attempt, exc)
        except Exception as again:
            _log.exception("task %s: saying that it is dead failed", attempt.task.name)
            await self._tries.stopped(broker.redis, task_id(attempt.task))
            raise StreaqRetry(delay=_LONGEST_DELAY) from again
        await self._tries.over(broker.redis, task_id(attempt.task))
