"""Tasks end when they are told to, also those that lose a cancellation."""

from __future__ import annotations

import asyncio

import pytest

from infra.tasks import end


async def test_a_task_that_swallows_a_cancellation_is_asked_again() -> None:
    swallowed = 0

    async def deaf() -> None:
        nonlocal swallowed
        while swallowed < 2:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                swallowed += 1

    task = asyncio.create_task(deaf())
    await asyncio.sleep(0)
    await end(task)
    assert task.done()
    assert swallowed == 2


async def test_what_ended_tasks_raised_is_taken() -> None:
    async def fails() -> None:
        raise OSError("nobody looks")

    async def sleeps() -> None:
        await asyncio.sleep(60)

    failed, asleep = asyncio.create_task(fails()), asyncio.create_task(sleeps())
    await asyncio.sleep(0)
    await end(failed, asleep)
    assert asleep.cancelled()


async def test_whoever_waits_can_be_cancelled() -> None:
    released = asyncio.Event()

    async def stubborn() -> None:
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                continue

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    ending = asyncio.create_task(end(task))
    await asyncio.sleep(0)
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    released.set()
    await task


async def test_who_lost_his_cancellation_is_asked_on_when_nobody_waits_any_more() -> None:
    lost, heard = asyncio.Event(), asyncio.Event()

    async def deaf_once() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            lost.set()
        try:
            await asyncio.sleep(60)
        finally:
            heard.set()

    task = asyncio.create_task(deaf_once())
    await asyncio.sleep(0)
    ending = asyncio.create_task(end(task, again_s=0.2))
    await lost.wait()
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    async with asyncio.timeout(50):
        await heard.wait()
    await asyncio.wait([task])
    assert task.cancelled()
