from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

from infra.jobs.tries import Tried
from tests.infra.jobs_journal import Journal, has, task

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Awaitable, Callable

    from infra.jobs import StreaqEngine

    Eventually = Callable[..., Awaitable[None]]
    Start = Callable[..., Awaitable[subprocess.Popen[bytes]]]

FIRST = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("deaths", "pauses", "seconds"),
    [
        (0, 0, None),
        (4, 0, None),
        (5, 0, 1),  # suspect
        (5, 1, None),  # it has waited
        (6, 1, 2),
        (9, 4, 16),
        (9, 5, None),
    ],
)
def test_a_suspect_waits_twice_as_long_each_time(deaths: int, pauses: int, seconds: int | None) -> None:
    pause = Tried(failures=0, deaths=deaths, pauses=pauses).pause(5, FIRST)
    assert pause == (None if seconds is None else timedelta(seconds=seconds))


def test_no_pause_is_longer_than_a_minute() -> None:
    assert Tried(failures=0, deaths=18, pauses=0).pause(10, FIRST) == timedelta(minutes=1)


def test_deaths_end_a_task_late_and_failures_have_no_part_in_it() -> None:
    assert not Tried(failures=4, deaths=9, pauses=5).is_hopeless(5)
    assert Tried(failures=0, deaths=10, pauses=5).is_hopeless(5)


async def test_a_task_that_kills_its_worker_is_given_up(
    engine: StreaqEngine, journal: Journal, start: Start, eventually: Eventually
) -> None:
    await engine.enqueue(task("x", "poison"), task("good"))
    for number in range(1, 7):  # three deaths make it suspect, three more settle it
        victim = await start(bulk=1, idle_s=2)
        await eventually(lambda number=number: has(journal, f"poison a/1/x {number}"))
        await asyncio.to_thread(victim.wait, 10)
    await start(bulk=1, idle_s=2)
    await eventually(lambda: has(journal, "dead"))
    await eventually(lambda: has(journal, "done a/1/good"))
    assert await journal.lines("dead") == ["dead:TaskAbandoned:True a/1/x 6"]
    await eventually(partial(_is_over, engine))


async def test_a_task_whose_workers_are_killed_by_others_is_not_given_up(
    engine: StreaqEngine, journal: Journal, start: Start, eventually: Eventually
) -> None:
    await engine.enqueue(task("x", "hold"))
    for number in range(1, 6):  # more often than a task may fail
        victim = await start(bulk=1, idle_s=2)
        await eventually(lambda number=number: has(journal, f"start a/1/x {number}"))
        victim.kill()
    await start(bulk=1, idle_s=2)
    await eventually(lambda: has(journal, "start a/1/x 6"))
    await journal.open()
    await eventually(lambda: has(journal, "done a/1/x 6"))
    assert await journal.lines("dead") == []


async def test_two_suspects_never_run_side_by_side(
    engine: StreaqEngine, journal: Journal, start: Start, eventually: Eventually
) -> None:
    await engine.enqueue(task("x", "hold"), task("y", "hold"))
    for number in range(1, 4):
        victim = await start(bulk=2, idle_s=2)
        await eventually(lambda number=number: has(journal, f"start a/1/x {number}", f"start a/1/y {number}"))
        victim.kill()
    for number in range(1, 4):  # as many deaths more would end both, if both were in hand
        victim = await start(bulk=2, idle_s=2)
        await eventually(partial(_has_started, journal, 6 + number))
        await engine.enqueue(task(f"later-{number}"))  # it passes through the other slot, after the other suspect
        await eventually(lambda number=number: has(journal, f"done a/1/later-{number}"))
        assert len(await journal.lines("start")) == 6 + number
        victim.kill()
    await start(bulk=2, idle_s=2)
    await journal.open()
    await eventually(partial(_is_over, engine))
    assert len(await journal.lines("done a/1/x")) + len(await journal.lines("done a/1/y")) >= 1


async def _has_started(journal: Journal, times: int) -> bool:
    return len(await journal.lines("start")) >= times


async def _is_over(engine: StreaqEngine) -> bool:
    return await engine.pending("a") == frozenset()
