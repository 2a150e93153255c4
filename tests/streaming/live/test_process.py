"""The live process ends when what it is for has ended; all else of it is tested as a process (tests/e2e)."""

from __future__ import annotations

import asyncio

import pytest

from infra.tasks import end
from streaming.live.process import until_stopped


async def _for_ever() -> None:
    await asyncio.Event().wait()


async def _breaks() -> None:
    raise LookupError("a table is not there")


async def _returns() -> None:
    return


async def test_it_waits_for_the_order_to_stop() -> None:
    stopped, running = asyncio.Event(), asyncio.create_task(_for_ever())
    waiting = asyncio.create_task(until_stopped(stopped, [running]))
    await asyncio.wait([waiting], timeout=0.01)
    assert not waiting.done()
    stopped.set()
    await waiting
    assert not running.done()
    await end(running)


async def test_it_ends_with_what_it_is_for() -> None:
    going = asyncio.create_task(_for_ever())
    with pytest.raises(LookupError, match="table"):
        await until_stopped(asyncio.Event(), [going, asyncio.create_task(_breaks())])
    with pytest.raises(RuntimeError, match="channels has ended"):
        await until_stopped(asyncio.Event(), [going, asyncio.create_task(_returns(), name="channels")])
    await end(going)
