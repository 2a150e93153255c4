"""What one process of many has to do: it leads by a lease, hears the signals, and sweeps for what it has not heard."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

import anyio

from infra.errors import InfraError
from infra.tasks import end

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import timedelta

    from infra.ports import Cache, Lease

log = logging.getLogger(__name__)

Name = TypeVar("Name")
_RETRIES: Final = 5
"""How often in the time between two sweeps a process tries to lead."""


class Work(Protocol[Name]):
    """What is led. A signal says "look now"; whoever misses one finds the same in a sweep."""

    def named(self, message: bytes) -> Name | None:
        """What a message says is to be looked at; None for what is of no interest."""
        ...

    async def look(self, name: Name) -> None:
        """Do at once what there is to do for it."""
        ...

    async def sweep(self, *, thorough: bool) -> None:
        """Do what there is to do at all. Both raise errors of the servers."""
        ...


class Leader(Generic[Name]):
    """Runs in every process; works in the one that leads. Any other takes over when that one dies."""

    def __init__(
        self, work: Work[Name], *, cache: Cache, lease: str, ttl: timedelta, channel: str, every: timedelta,
        thorough: int,
    ) -> None:  # fmt: skip
        """`every`: between two sweeps, of which one in `thorough` is thorough."""
        self._work = work
        self._cache = cache
        self._lease, self._ttl, self._channel = lease, ttl, channel
        self._every_s = every.total_seconds()
        self._thorough = thorough
        self._names: set[Name] = set()
        self._missed = False
        self._woken = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled: try to lead; while leading, work. Whatever does not answer is asked again later."""
        while True:
            try:
                async with self._cache.lease(self._lease, ttl=self._ttl) as lease:
                    if lease is not None:
                        await self._lead(lease)
            except InfraError as exc:
                log.warning("the work waits for a server", extra={"lease": self._lease, "cause": str(exc)})
            except Exception:
                log.exception("the work failed; it goes on", extra={"lease": self._lease})
            await anyio.sleep(self._every_s / _RETRIES)

    async def _lead(self, lease: Lease) -> None:
        log.info("leading", extra={"lease": self._lease})
        async with self._cache.subscribe(self._channel) as messages:
            listening = asyncio.create_task(self._listen(messages))
            try:
                turn = 0
                while not lease.lost and not listening.done():
                    await self._work.sweep(thorough=turn % self._thorough == 0)
                    missed = await self._look_at_named(lease, until=anyio.current_time() + self._every_s)
                    turn = 0 if missed else turn + 1
            finally:
                await end(listening)

    async def _listen(self, messages: AsyncIterator[tuple[str, bytes]]) -> None:
        async for channel, message in messages:
            if not channel:
                self._missed = True
            elif (name := self._work.named(message)) is not None:
                self._names.add(name)
            else:
                continue
            self._woken.set()

    async def _look_at_named(self, lease: Lease, *, until: float) -> bool:
        """Until that time of the loop's clock, or (True) until signals may have been missed."""
        while not lease.lost and (left := until - anyio.current_time()) > 0:
            with anyio.move_on_after(left):
                await self._woken.wait()
            self._woken.clear()
            names, self._names = self._names, set()
            missed, self._missed = self._missed, False
            if missed:
                return True
            for name in names:
                try:
                    await self._work.look(name)
                except InfraError:
                    raise
                except Exception:
                    # One that cannot be understood must not hold up the others.
                    log.exception("what was named cannot be looked at", extra={"lease": self._lease})
        return False
