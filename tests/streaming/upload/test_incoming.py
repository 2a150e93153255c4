from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from streaming.upload.errors import BodyCut, BodyStalled, WriterReplaced
from streaming.upload.incoming import Incoming

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.types import Message


async def _silence() -> Message:
    await anyio.sleep_forever()
    raise AssertionError


def _never() -> None:
    return None


async def _run(blocks: AsyncIterator[bytes], taken: list[bytes]) -> None:
    async for block in blocks:
        taken.append(block)


async def test_whoever_takes_a_body_is_woken_when_something_is_due(line_of: Callable[[], Any]) -> None:
    line = line_of()
    line.send(b"one")
    due: list[float] = []
    taken: list[bytes] = []
    async for block in line.body.blocks(lambda: due[0] if due else None):
        taken.append(block)
        if block == b"one":
            due.append(time.monotonic())
        elif not block:
            due.clear()
            line.send(b"two", more=False)
    assert taken == [b"one", b"", b"two"]


async def test_a_cut() -> None:
    async def hang_up() -> Message:
        return {"type": "http.disconnect"}

    with pytest.raises(BodyCut):
        await anext(Incoming(hang_up, idle=timedelta(seconds=9)).blocks(_never))


async def test_silence_is_counted_from_the_last_byte_however_often_the_taker_is_woken() -> None:
    body, woken = Incoming(_silence, idle=timedelta(milliseconds=200)), list[bytes]()
    with pytest.raises(BodyStalled):
        await _run(body.blocks(lambda: time.monotonic() + 0.01), woken)
    assert 1 < len(woken) <= 20
    assert set(woken) == {b""}


async def test_a_silent_body_gives_way_and_one_that_moves_does_not(
    line_of: Callable[[], Any], eventually: Callable[..., Awaitable[None]]
) -> None:
    line = line_of()
    taken: list[bytes] = []

    async def take() -> None:
        with pytest.raises(WriterReplaced):
            await _run(line.body.blocks(_never), taken)

    async with anyio.create_task_group() as group:
        group.start_soon(take)
        line.send(b"one")
        await eventually(line.read)
        line.body.give_way(timedelta(hours=1))
        line.send(b"two")
        await eventually(lambda: line.read() and len(taken) == 2)
        line.body.give_way(timedelta(0))
    assert taken == [b"one", b"two"]
