"""streaQ's worker, made to outlive its broker.

As it comes, a lost connection, a flushed Redis or a restarted one without its Lua functions ends the worker. Here every
loop mends what is missing and goes on; a task that was running meanwhile runs on.
"""

from __future__ import annotations

import logging
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

import streaq.worker
from anyio import CancelScope, Event, Path, current_time, sleep
from coredis.exceptions import ConnectionError as BrokerConnectionError
from coredis.exceptions import RedisError
from coredis.pool import ConnectionPool
from streaq.constants import REDIS_GROUP
from streaq.types import Streaq
from streaq.worker import Worker

from infra.jobs.lanes import Queue, dump, load, priority

if TYPE_CHECKING:
    from datetime import timedelta

    from streaq.types import StreamMessage

_log = logging.getLogger(__name__)

BROKER_ERRORS: Final = (RedisError, OSError, TimeoutError)
_BLOCK_MS: Final = 1000
_PAUSE_S: Final = 0.2
_FINISH_TRIES: Final = 3


_latest: ContextVar[Any] = ContextVar("latest connection", default=None)


def _close_buffers(connection: Any) -> None:
    # A connection that was never made leaves its buffers open, which Python reports as a leak (coredis 6.9).
    if connection is not None and not connection.usable:
        for name in ("write", "push_message", "streamed_message"):
            getattr(connection, f"_{name}_buffer_in").close()
            getattr(connection, f"_{name}_buffer_out").close()


class PatientPool(ConnectionPool[Any]):
    """A pool that waits for a broker which is away, up to `patience_s`, instead of failing at once."""

    patience_s: float = 60.0

    async def _construct_connection(self) -> Any:
        connection = await super()._construct_connection()
        _latest.set(connection)
        return connection

    async def get_connection(self, **options: Any) -> Any:
        since = current_time()
        while True:
            try:
                return await super().get_connection(**options)
            except BROKER_ERRORS:
                _close_buffers(_latest.get())
                if current_time() >= since + self.patience_s:
                    raise
                await sleep(_PAUSE_S)
            except RuntimeError as exc:
                if self._task_group is not None:
                    raise
                # Who still holds a broker that broke has lost his connection, and made no mistake.
                _close_buffers(_latest.get())
                raise BrokerConnectionError("the pool was closed") from exc


def open_pool(redis_url: str, *, patience: timedelta) -> PatientPool:
    # The library's overloads name the classes that they know; it is `cls` that is made.
    opened: Any = PatientPool.from_url(redis_url, decode_responses=True, connect_timeout=5, stream_timeout=15)
    pool: PatientPool = opened
    pool.patience_s = patience.total_seconds()
    return pool


class BrokerWorker(Worker[None]):
    """One queue: as a client (entered, to enqueue) or as a worker (`run_async`)."""

    def __init__(self, pool: PatientPool, queue: Queue, *, slots: int, idle_timeout: timedelta) -> None:
        super().__init__(
            redis_pool=pool,
            concurrency=slots,
            queue_name=queue.engine_name,
            priorities=[priority(level) for level in reversed(queue.levels)],
            serializer=dump,
            deserializer=load,
            handle_signals=False,
            idle_timeout=idle_timeout,
        )
        # The constructor takes 0 for "default": a worker must not hoard tasks that another could run now.
        self.prefetch = slots
        self._pool = pool
        self._stopped = Event()

    def stop(self) -> None:
        """Let `run_async` return: what runs is cancelled and put back into the queue at once.

        Cancelling `run_async` from outside would take the connections away before that could be told to the broker.
        """
        self._pool.patience_s = 0.0
        self._stopped.set()

    def aborted(self, engine_id: str) -> bool:
        """Whether a running task is being cancelled by its group, rather than put back."""
        return engine_id not in self._cancel_scopes

    async def mend(self) -> None:
        """Bring back what the engine needs in Redis: its Lua functions and consumer groups."""
        text = await (Path(streaq.worker.__file__).parent / "lua/streaq.lua").read_text()
        self._lib = await Streaq(self.redis, code=text, replace=True)
        await self._lib.create_groups(self.stream_key, REDIS_GROUP, *self.priorities)

    async def _mend_after(self, exc: BaseException) -> None:
        _log.warning("queue %s: broker trouble: %s", self.queue_name, exc)
        await sleep(_PAUSE_S)
        try:
            await self.mend()
        except BROKER_ERRORS as again:
            _log.warning("queue %s: the broker is still away: %s", self.queue_name, again)

    # --- streaQ's own methods ---------------------------------------------------------------------------------------

    async def _check_xreadgroup_compatibility(self) -> None:
        """One way of reading for every server, so that the one that is tested is the one that runs."""
        self._supports_max_count = False

    async def _read_streams_legacy(self, count: int, block: bool = False) -> Any:
        while True:
            try:
                if not block:
                    return await super()._read_streams_legacy(count)
                # One a stream: a blocking read counts for each stream by itself and could take more than there are
                # slots. It is short, so that tasks of a dead worker are looked for every second (by the other read).
                return await self.redis.xreadgroup(REDIS_GROUP, self.id, self._streams, block=_BLOCK_MS, count=1)
            except BROKER_ERRORS as exc:
                await self._mend_after(exc)

    async def schedule_delayed_tasks(self) -> None:
        while True:
            try:
                await super().schedule_delayed_tasks()
            except BROKER_ERRORS as exc:
                await self._mend_after(exc)

    async def renew_idle_timeouts(self, scope: CancelScope) -> None:
        """Three heartbeats an idle timeout: one may be late or lost. The engine's own is one, 10 % before the end."""
        with scope:
            while True:
                try:
                    for name, messages in list(self._running_tasks.items()):
                        if messages:
                            await self.redis.xclaim(
                                self.stream_key + name, REDIS_GROUP, self.id, 0, list(messages), justid=True
                            )
                except BROKER_ERRORS as exc:
                    await self._mend_after(exc)
                await sleep(self.idle_timeout / 3000)

    async def run_task(self, msg: StreamMessage) -> None:
        try:
            await super().run_task(msg)
        except BROKER_ERRORS as exc:
            # The message is not acknowledged: whoever finds it idle runs the task again.
            _log.warning("task %s: its end could not be told to the broker: %s", msg.task_id, exc)

    async def finish_task(self, *args: Any, **kwargs: Any) -> None:
        for remaining in reversed(range(_FINISH_TRIES)):
            try:
                return await super().finish_task(*args, **kwargs)
            except BrokerConnectionError:
                if not remaining:
                    raise
        raise AssertionError("unreachable")

    async def finish_failed_task(self, *args: Any, **kwargs: Any) -> None:
        """Nobody asks for results: what is taken out of the queue in the moment in which it is fetched leaves none."""
        await super().finish_failed_task(*args, **{**kwargs, "ttl": 0})

    async def signal_handler(self, scope: CancelScope) -> None:
        """Not for signals: it sits in the worker's task group, sees its end coming and then waits for no task."""
        try:
            await self._stopped.wait()
            scope.cancel()
        finally:
            now = current_time()
            for running in self._cancel_scopes.values():
                running.deadline = min(running.deadline, now)
