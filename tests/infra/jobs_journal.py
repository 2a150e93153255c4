"""What tests of the job engine share: tasks, and what the worker processes noted of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.ports import Level, Task

if TYPE_CHECKING:
    from redis.asyncio import Redis


def task(name: str, kind: str = "quick", *, group: str = "a", level: Level = Level.BULK) -> Task:
    return Task(name=f"{group}/1/{name}", kind=kind, group=group, level=level, arguments={"asset": group, "n": 1})


class Journal:
    def __init__(self, redis: Redis) -> None:
        self.redis = redis

    async def lines(self, event: str = "") -> list[str]:
        noted = [line.decode() for line in await self.redis.lrange("journal", 0, -1)]
        return [line for line in noted if line.startswith(event)]

    async def open(self) -> None:
        """Let the tasks of kind `hold` end."""
        await self.redis.rpush("open", 1)


async def has(journal: Journal, *events: str) -> bool:
    lines = await journal.lines()
    return all(any(line.startswith(event) for line in lines) for event in events)
