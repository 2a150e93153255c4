"""The in-memory engine keeps the same rules as the real one (see test_jobs.py)."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from infra.memory import MemoryEngine, MemoryWorker
from infra.ports import Attempt, Level, RetryLater, Task

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Eventually = Callable[..., Awaitable[None]]


def task(name: str, kind: str = "quick", *, group: str = "a", level: Level = Level.BULK) -> Task:
    return Task(name=f"{group}/1/{name}", kind=kind, group=group, level=level)


class Stage:
    """Handlers that note what happens; `hold` waits for `gate`."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.gate = asyncio.Event()
        self.engine = MemoryEngine()

    async def quick(self, attempt: Attempt) -> None:
        self.notes.append(f"done {attempt.task.name} {attempt.number}")

    async def hold(self, attempt: Attempt) -> None:
        self.notes.append(f"start {attempt.task.name}")
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.notes.append(f"cancelled {attempt.task.name}")
            raise
        self.notes.append(f"done {attempt.task.name} {attempt.number}")

    async def fail(self, attempt: Attempt) -> None:
        self.notes.append(f"fail {attempt.task.name} {attempt.number}")
        raise OSError("no luck")

    async def later(self, attempt: Attempt) -> None:
        self.notes.append(f"later {attempt.task.name} {attempt.number}")
        if len(self.notes) < 5:
            raise RetryLater(timedelta(milliseconds=1))

    async def dead(self, attempt: Attempt, exc: BaseException) -> None:
        self.notes.append(f"dead {attempt.task.name} {attempt.number} {attempt.last} {type(exc).__name__}")

    @asynccontextmanager
    async def working(self, *, bulk_slots: int = 1) -> AsyncIterator[None]:
        worker = MemoryWorker(
            self.engine,
            handlers={"quick": self.quick, "hold": self.hold, "fail": self.fail, "later": self.later},
            on_dead=self.dead,
            bulk_slots=bulk_slots,
        )
        running = asyncio.create_task(worker.run())
        yield
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    async def idle(self) -> bool:
        return all(depth.queued == depth.running == 0 for depth in (await self.engine.depth()).values())


@pytest.fixture
def stage() -> Stage:
    return Stage()


async def test_each_task_runs_once(stage: Stage, eventually: Eventually) -> None:
    await stage.engine.enqueue(*(task(str(number)) for number in range(300)))
    async with stage.working(bulk_slots=4):
        await eventually(stage.idle)
    assert sorted(stage.notes) == sorted(f"done a/1/{number} 1" for number in range(300))


async def test_one_name_is_one_task_and_may_have_a_more_urgent_twin(stage: Stage) -> None:
    await asyncio.gather(*(stage.engine.enqueue(task("x")) for _ in range(100)))
    await stage.engine.enqueue(task("x", level=Level.JUST_IN_TIME))
    await stage.engine.enqueue(task("x"), task("x", level=Level.FIRST))
    depth = await stage.engine.depth()
    assert {level: depth[level].queued for level in Level if depth[level].queued} == {
        Level.JUST_IN_TIME: 1,
        Level.BULK: 1,
    }
    assert await stage.engine.pending("a") == {"a/1/x"}


async def test_reserved_slots_and_the_order_of_levels(stage: Stage, eventually: Eventually) -> None:
    async with stage.working():
        await stage.engine.enqueue(task("busy", "hold"), task("busy too", "hold", level=Level.FIRST))
        await eventually(lambda: len(stage.notes) == 2)
        await stage.engine.enqueue(task("0", group="old"), task("index", group="new", level=Level.INDEX))
        await stage.engine.enqueue(task("seek", level=Level.JUST_IN_TIME), task("air", level=Level.LIVE))
        await eventually(lambda: {"done a/1/seek 1", "done new/1/index 1"} <= set(stage.notes))
        assert stage.notes.index("done a/1/air 1") < stage.notes.index("done a/1/seek 1")
        assert "done old/1/0 1" not in stage.notes
        stage.gate.set()
        await eventually(stage.idle)
    assert stage.notes[-1] == "done old/1/0 1"


async def test_what_follows_an_upload_takes_no_slot_of_other_work(stage: Stage, eventually: Eventually) -> None:
    async with stage.working():
        await stage.engine.enqueue(*(task(f"grow-{number}", "hold", level=Level.ARRIVING) for number in range(2)))
        await eventually(lambda: stage.notes == ["start a/1/grow-0"])
        await stage.engine.enqueue(*(task(level.name, level=level) for level in Level if level is not Level.ARRIVING))
        await eventually(lambda: len(stage.notes) == len(Level))
        stage.gate.set()
        await eventually(stage.idle)


async def test_what_waits_and_what_could_run(stage: Stage, eventually: Eventually) -> None:
    assert await stage.engine.slots(Level.BULK) == 0
    await stage.engine.enqueue(*(task(str(number), "hold") for number in range(5)))
    async with stage.working(bulk_slots=3):
        await eventually(lambda: len(stage.notes) == 3)
        assert await stage.engine.slots(Level.BULK) == 3
        assert await stage.engine.queued(Level.BULK) == ["a/1/3", "a/1/4"]
        assert await stage.engine.queued(Level.FIRST) == []
    assert await stage.engine.slots(Level.BULK) == 0


async def test_cancel(stage: Stage, eventually: Eventually) -> None:
    async with stage.working():
        await stage.engine.enqueue(task("x", "hold"), task("y"), task("z", group="b"))
        await eventually(lambda: bool(stage.notes))
        await stage.engine.cancel("a")
        await eventually(lambda: "done b/1/z 1" in stage.notes)
        assert stage.notes[:2] == ["start a/1/x", "cancelled a/1/x"]
        assert await stage.engine.pending("a") == frozenset()


async def test_a_failing_task_is_dead_once(stage: Stage, eventually: Eventually) -> None:
    await stage.engine.enqueue(task("x", "fail"))
    async with stage.working():
        await eventually(stage.idle)
    assert stage.notes == [*(f"fail a/1/x {number}" for number in (1, 2, 3)), "dead a/1/x 3 True OSError"]


async def test_run_me_later_is_no_failure(stage: Stage, eventually: Eventually) -> None:
    await stage.engine.enqueue(task("x", "later"))
    async with stage.working():
        await eventually(stage.idle)
    assert stage.notes == ["later a/1/x 1"] * 5


async def test_a_stopped_worker_puts_its_task_back(stage: Stage, eventually: Eventually) -> None:
    await stage.engine.enqueue(task("x", "hold"))
    async with stage.working():
        await eventually(lambda: bool(stage.notes))
    assert await stage.engine.pending("a") == {"a/1/x"}
    stage.gate.set()
    async with stage.working():
        await eventually(stage.idle)
    assert stage.notes == ["start a/1/x", "cancelled a/1/x", "start a/1/x", "done a/1/x 1"]
