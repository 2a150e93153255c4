"""A worker process for the engine's contract suite: `python jobs_worker.py URL BULK_SLOTS URGENT_SLOTS IDLE_S`.

What happens is noted in the Redis list "journal", one `event name try` each; a task's `arguments` say what it does.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import timedelta

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff

from infra.jobs import StreaqWorker
from infra.ports import Attempt, RetryLater


async def work(url: str, bulk_slots: int, urgent_slots: int, idle_s: float) -> None:
    redis = Redis.from_url(url, retry=Retry(ConstantBackoff(0.1), 200))

    async def note(event: str, attempt: Attempt) -> None:
        await redis.rpush("journal", f"{event} {attempt.task.name} {attempt.number}")

    async def hold(attempt: Attempt) -> None:
        """Runs until the list `open` has an element."""
        await note("start", attempt)
        try:
            await redis.blmove("open", "open", 0)  # an element that goes round lets everybody through
        except asyncio.CancelledError:
            await note("cancelled", attempt)
            raise
        await note("done", attempt)

    async def quick(attempt: Attempt) -> None:
        await note("done", attempt)

    async def fail(attempt: Attempt) -> None:
        await note("fail", attempt)
        raise OSError("no luck")

    async def poison(attempt: Attempt) -> None:
        await note("poison", attempt)
        os.kill(os.getpid(), signal.SIGKILL)

    async def later(attempt: Attempt) -> None:
        await note("later", attempt)
        if await redis.incr("laters") < 5:
            raise RetryLater(timedelta(milliseconds=10))
        await note("done", attempt)

    async def on_dead(attempt: Attempt, exc: BaseException) -> None:
        await note(f"dead:{type(exc).__name__}:{attempt.last}", attempt)

    worker = StreaqWorker(
        redis_url=url,
        handlers={handler.__name__: handler for handler in (hold, quick, fail, poison, later)},
        on_dead=on_dead,
        bulk_slots=bulk_slots,
        urgent_slots=urgent_slots,
        max_tries=3,
        idle_timeout=timedelta(seconds=idle_s),
        retry_delay=timedelta(milliseconds=50),
    )
    await redis.incr("workers")
    await worker.run()
    await redis.aclose()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
