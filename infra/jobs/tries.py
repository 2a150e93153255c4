"""How often a task was tried: written to Redis before each run, so that a run that kills its worker is known too.

A failure is the task's own. A death may be anybody's: the operator, the machine or another task of the same worker may
have killed the worker. So both are counted apart. Each worker that runs a task signs for it and crosses its name out
when the run ends, however it ends: the names that stay are those of the dead (a worker that is only cut off from Redis
crosses its name out later, and a worker has one name, whatever it runs twice).

As many deaths as tries make a task suspect, no more: workers that are killed at random, often enough, hit some task
that many times in a row. A suspect is given as many runs again, with pauses that double, and a worker runs one suspect
at a time. A task that kills its workers ends so; one that happened to be there, even each time, survives one of them.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_hex
from typing import Any, Final

from infra.jobs.broker import BROKER_ERRORS
from infra.jobs.lanes import KEPT_S, TRIES

_FAILURES: Final = "failures"
_PAUSES: Final = "pauses"
_WORKER: Final = "worker:"
_LONGEST: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """The runs before this one: `failures`, `deaths` of workers, `pauses` that it was given as a suspect."""

    failures: int
    deaths: int
    pauses: int

    def is_suspect(self, max_tries: int) -> bool:
        return self.deaths >= max_tries

    def is_hopeless(self, max_tries: int) -> bool:
        return self.deaths >= 2 * max_tries

    def pause(self, max_tries: int, first: timedelta) -> timedelta | None:
        """How long a suspect waits before it runs: twice as long for each death more. None: it runs now."""
        beyond = self.deaths - max_tries
        if beyond < self.pauses:
            return None
        pause: timedelta = first * 2**beyond
        return min(pause, _LONGEST)


class Tries:
    """The tries of all tasks, as one worker process writes them down."""

    def __init__(self) -> None:
        self._me = _WORKER + token_hex(8)
        self._unsaid: set[str] = set()

    async def begin(self, redis: Any, task_id: str) -> Tried:
        """Sign for a run. Raises what the broker raises."""
        for over in tuple(self._unsaid - {task_id}):
            await redis.hdel(TRIES + over, [self._me])
            self._unsaid.discard(over)
        key = TRIES + task_id
        async with redis.pipeline(transaction=True) as pipe:
            found = pipe.hgetall(key)
            pipe.hset(key, {self._me: 1})
            pipe.expire(key, KEPT_S)
        self._unsaid.discard(task_id)
        known: dict[str, str] = await found
        return Tried(
            failures=int(known.get(_FAILURES, 0)),
            deaths=sum(name.startswith(_WORKER) and name != self._me for name in known),
            pauses=int(known.get(_PAUSES, 0)),
        )

    async def pause(self, redis: Any, task_id: str) -> None:
        """The run does not begin yet: a suspect waits."""
        await self._cross_out(redis, task_id, count=_PAUSES)

    async def stopped(self, redis: Any, task_id: str) -> None:
        """The run ended, and it does not count."""
        await self._cross_out(redis, task_id)

    async def failed(self, redis: Any, task_id: str) -> None:
        """The run failed."""
        await self._cross_out(redis, task_id, count=_FAILURES)

    async def over(self, redis: Any, task_id: str) -> None:
        """The task is over: forget its tries."""
        with suppress(*BROKER_ERRORS):  # they run out by themselves; the task must not run again for their sake
            await redis.delete([TRIES + task_id])

    async def _cross_out(self, redis: Any, task_id: str, *, count: str | None = None) -> None:
        key = TRIES + task_id
        self._unsaid.add(task_id)
        with suppress(*BROKER_ERRORS):
            async with redis.pipeline(transaction=True) as pipe:
                pipe.hdel(key, [self._me])
                if count is not None:
                    pipe.hincrby(key, count, 1)
                pipe.expire(key, KEPT_S)
            self._unsaid.discard(task_id)
