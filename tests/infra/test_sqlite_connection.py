from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from sqlalchemy import text

from infra.sql import open_engine, transaction

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

_LONG = "WITH RECURSIVE n(i) AS (SELECT begun() UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) SELECT max(i) FROM n"


async def test_a_statement_that_is_cancelled_again_and_again_leaves_nobody_waiting(
    tmp_path: Path, eventually: Callable[..., Awaitable[None]]
) -> None:
    engine, begun = open_engine(f"sqlite:///{tmp_path}/test.db"), threading.Event()

    async def work() -> None:
        async with transaction(engine) as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            await driver.create_function("begun", 0, lambda: begun.set() or 0)
            await connection.execute(text(_LONG))

    before = asyncio.all_tasks()
    task = asyncio.create_task(work())
    await eventually(begun.is_set)
    while not task.done():  # as a cancel scope does
        task.cancel()
        await asyncio.sleep(0)
    await eventually(lambda: asyncio.all_tasks() <= before)
    await engine.dispose()
