"""Pictures that a worker draws while a request waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio

from infra.errors import ObjectNotFound
from transcoder.stills.image import refusal

if TYPE_CHECKING:
    from datetime import timedelta

    from infra.ports import JobEngine, ObjectStore, Task

_LOOK_S: Final = 0.1


class Drawing:
    """`patience`: how long a request waits."""

    def __init__(self, store: ObjectStore, jobs: JobEngine, *, patience: timedelta) -> None:
        self._store, self._jobs, self._patience_s = store, jobs, patience.total_seconds()

    async def drawn(self, key: str, task: Task, *, refused: str | None = None) -> None:
        """Have the object `key` drawn by `task`, unless it is. `refused`: the object that says that it cannot be.

        Raises PictureRefused, TimeoutError, and what the servers raise.
        """
        if await self._store.head(key) is not None:
            return
        await self._check(refused)
        await self._jobs.enqueue(task)
        with anyio.move_on_after(self._patience_s):
            while await self._store.head(key) is None:
                await self._check(refused)
                await anyio.sleep(_LOOK_S)
            return
        raise TimeoutError

    async def _check(self, refused: str | None) -> None:
        if refused is None:
            return
        try:
            code = await self._store.read(refused)
        except ObjectNotFound:
            return
        raise refusal(code.decode())
