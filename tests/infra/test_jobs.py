"""The contract of the job engine, over streaQ with real worker processes on a real Valkey."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

import pytest

from infra.errors import EngineUnavailable
from infra.jobs import StreaqEngine
from infra.jobs.lanes import LANES, task_id
from infra.ports import Level, Task
from tests.infra.jobs_journal import Journal, has, task

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Awaitable, Callable

    class Server(Protocol):
        url: str

        def start(self) -> None: ...
        def kill(self) -> None: ...

    Eventually = Callable[..., Awaitable[None]]
    Start = Callable[..., Awaitable[subprocess.Popen[bytes]]]


async def test_a_burst_of_tasks_runs_once_each(
    engine: StreaqEngine, journal: Journal, start: Start, eventually: Eventually
) -> None:
    tasks = [task(str(number)) for number in range(300)]
    await engine.enqueue(*tasks)
    await start(bulk=3)
    await start(bulk=3)

    await eventually(lambda: _none_pending(engine, "a"), 60)
    assert sorted(await journal.lines()) == sorted(f"done {each.name} 1" for each in tasks)
    assert all(depth.queued == depth.running == 0 for depth in (await engine.depth()).values())


async def test_a_hundred_requests_of_one_name_are_one_task(
    engine: StreaqEngine, journal: Journal, start: Start, eventually: Eventually
) -> None:
    await asyncio.gather(*(engine.enqueue(task("same", level=Level.JUST_IN_TIME)) for _ in range(100)))
    assert await engine.pending("a") == {"a/1/same"}
    assert (await engine.depth())[Level.JUST_IN_TIME].queued == 1
    await start()
    await eventually(lambda: _none_pending(engine, "a"))
    assert await journal.lines() == ["done a/1/same 1"]


async def test_an_urgent_twin_is_queued_beside_a_bulk_task_but_not_the_other_way_round(engine: StreaqEngine) -> None:
    await engine.enqueue(task("x"))
    await engine.enqueue(task("x", level=Level.JUST_IN_TIME))
    await engine.enqueue(task("x"), task("x", level=Level.FIRST))
    depth = await engine.depth()
    assert {level: depth[level].queued for level in Level} == {
        Level.LIVE: 0,
        Level.JUST_IN_TIME: 1,
        Level.ARRIVING: 0,
        Level.INDEX: 0,
        Level.FIRST: 0,
        Level.BULK: 1,
    }
    assert await engine.pending("a") == {"a/1/x"}
    assert await engine.pending("b") == frozenset()


async def test_what_is_running_is_not_queued_again(
    engine: StreaqEngine, journal: Journal, start: Start, eventually: Eventually
) -> None:
    await start()
    await engine.enqueue(task("x", "hold"))
    await eventually(lambda: has(journal, "start"))
    await engine.enqueue(task("x", "hold", level=Level.JUST_IN_TIME))
    depth = await engine.depth()
    assert (depth[Level.BULK].running, depth[Level.JUST_IN_TIME].queued) == (1, 0)
    await journal.open()
    await eventually(lambda: has(journal, "done"))


async def test_urgent_overtakes_bulk_and_first_overtakes_the_rest(
    engine: StreaqEngine, journal: Journal, start: Start, eventually: Eventually
) -> None:
    await start(bulk=1, urgent=1)
    await engine.enqueue(task("busy", "hold"))
    await eventually(lambda: has(journal, "start a/1/busy"))
    await engine.enqueue(*(task(str(number), group="old") for number in range(20)))
    # The only bulk slot is taken, and stays so: the others run what is more urgent meanwhile.
    await engine.enqueue(task("index", group="new", level=Level.INDEX), task("0", group="new", level=Level.FIRST))
    await engine.enqueue(task("seek", level=Level.JUST_IN_TIME), task("air", level=Level.LIVE))
    await eventually(lambda: has(journal, "done a/1/seek", "done a/1/air", "done new/1/index", "done new/1/0"))
    assert await journal.lines("done old") == []
    await journal.open()
    await eventually(lambda: has(journal, "done old/1/19"))


async def test_what_follows_an_upload_takes_no_slot_of_other_work(
    engine: StreaqEngine, journal: Journal, start: Start, eventually: Eventually
) -> None:
    await start(bulk=1, urgent=1)
    await engine.enqueue(*(task(f"grow-{number}", "hold", level=Level.ARRIVING) for number in range(2)))
    await eventually(lambda: has(journal, "start a/1/grow"))
    await engine.enqueue(*(task(level.name, level=level) for level in Level if level is not Level.ARRIVING))
    await eventually(lambda: _count(journal, "done", len(Level) - 1))
    assert await journal.lines("start a/1/grow") == ["start a/1/grow-0 1"]
    await journal.open()
    await eventually(lambda: has(journal, "done a/1/grow-0", "done a/1/grow-1"))


async def test_the_index_of_a_new_asset_waits_for_no_segment_of_another(
    engine: StreaqEngine, journal: Journal, start: Start, eventually: Eventually
) -> None:
    await start(bulk=1, urgent=1)
    await engine.enqueue(task("busy", "hold", level=Level.FIRST))
    await eventually(lambda: has(journal, "start a/1/busy"))
    await engine.enqueue(*(task(str(number), group="old", level=Level.FIRST) for number in range(20)))
    await engine.enqueue(task("index", group="new", level=Level.INDEX))
    # The only slot for first segments is taken, and stays so.
    await eventually(lambda: has(journal, "done new/1/index"))
    assert await journal.lines("done old") == []
    await journal.open()
    await eventually(lambda: has(journal, "done old/1/19"))


async def test_what_waits_and_what_could_run(
    engine: StreaqEngine, journal: Journal, start: Start, eventually: Eventually
) -> None:
    assert await engine.slots(Level.BULK) == 0
    worker = await start(bulk=2, urgent=1)
    await start(bulk=3, urgent=1)

    async def slots() -> tuple[int, int]:
        return await engine.slots(Level.BULK), await engine.slots(Level.JUST_IN_TIME)

    async def all_said() -> bool:
        return await slots() == (5, 2)

    await eventually(all_said)
    await engine.enqueue(*(task(str(number), "hold") for number in range(7)), task("seek", level=Level.INDEX))
    await eventually(lambda: _count(journal, "start", 5))
    assert len(await engine.queued(Level.BULK)) == 2
    assert await engine.queued(Level.FIRST) == []
    await journal.open()
    await eventually(lambda: _drained(engine))
    assert await engine.queued(Level.BULK) == []
    worker.kill()

    async def one_is_forgotten() -> bool:
        return await slots() == (3, 1)

    await eventually(one_is_forgotten)


async def test_one_version_of_a_group_can_be_cancelled_alone(engine: StreaqEngine) -> None:
    others = [task("x"), replace(task("x"), name="a/21/x"), task("x", group="b")]
    await engine.enqueue(*others, *(replace(task("x"), name=f"a/2/{what}") for what in ("x", "y")))
    await engine.cancel("a", version=2)
    assert await engine.pending("a") == {"a/1/x", "a/21/x"}
    assert await engine.pending("b") == {"b/1/x"}
    await engine.enqueue(replace(task("z"), name="a/1/z"))
    assert "a/1/z" in await engine.pending("a"), "the other versions go on"


async def test_cancel_takes_queued_tasks_out_and_stops_running_ones(
    engine: StreaqEngine, journal: Journal, start: Start, eventually: Eventually
) -> None:
    await start(bulk=1, urgent=1)
    await start(bulk=1, urgent=1)
    await engine.enqueue(task("1", "hold"), task("2", "hold"))
    await eventually(lambda: has(journal, "start a/1/1", "start a/1/2"))
    await engine.enqueue(*(task(f"queued-{number}") for number in range(50)), task("other", group="b"))
    await engine.cancel("a")
    await eventually(lambda: has(journal, "cancelled a/1/1", "cancelled a/1/2"))
    await eventually(lambda: has(journal, "done b/1/other"))
    await eventually(lambda: _none_pending(engine, "a"))
    assert await journal.lines("done a") == []

    # What a task that is being stopped asks for is not queued; later on nothing of the cancellation sticks to the name.
    async def kept_out() -> bool:
        await engine.cancel("a")
        await engine.enqueue(task("2"))
        return await _none_pending(engine, "a")

    await eventually(kept_out)

    async def asked_again() -> bool:
        await engine.enqueue(task("1"), task("queued-1"))
        return await has(journal, "done a/1/1 1", "done a/1/queued-1 1")

    await eventually(asked_again)


async def test_what_is_taken_out_as_it_is_fetched_leaves_nothing(
    engine: StreaqEngine, journal: Journal, start: Start, eventually: Eventually
) -> None:
    gone = task("gone")
    await engine.enqueue(gone)
    # As a worker finds it that has read the queue just before the cancellation.
    assert await journal.redis.delete(LANES[gone.level].task + task_id(gone)) == 1
    await start(bulk=1)
    await engine.enqueue(task("next"))
    await eventually(lambda: has(journal, "done a/1/next"))
    await eventually(lambda: _drained(engine))
    assert [key async for key in journal.redis.scan_iter("*a/1/gone*")] == []


async def test_a_killed_workers_task_runs_again_elsewhere(
    engine: StreaqEngine, journal: Journal, start: Start, eventually: Eventually
) -> None:
    victim = await start(bulk=1, idle_s=2)
    await engine.enqueue(task("x", "hold"))
    await eventually(lambda: has(journal, "start a/1/x 1"))
    victim.kill()
    await start(bulk=1, idle_s=2)
    await eventually(lambda: has(journal, "start a/1/x 2"))
    assert await engine.pending("a") == {"a/1/x"}
    await journal.open()
    await eventually(lambda: has(journal, "done a/1/x 2"))


async def test_a_long_task_is_not_run_twice(
    engine: StreaqEngine, journal: Journal, start: Start, eventually: Eventually
) -> None:
    await start(bulk=1, idle_s=5)
    await engine.enqueue(task("long", "hold"))
    await eventually(lambda: has(journal, "start a/1/long 1"))
    # Longer than the idle timeout: until the task of a worker that died meanwhile was taken over.
    victim = await start(bulk=1, idle_s=5)
    await engine.enqueue(task("lost", "hold"))
    await eventually(lambda: has(journal, "start a/1/lost 1"))
    victim.kill()
    await start(bulk=1, idle_s=5)
    await eventually(lambda: has(journal, "start a/1/lost 2"))
    await journal.open()
    await eventually(lambda: _drained(engine))
    assert await journal.lines("start a/1/long") == ["start a/1/long 1"]


async def test_sigterm_puts_the_running_task_back_at_once(
    engine: StreaqEngine, journal: Journal, start: Start, eventually: Eventually
) -> None:
    first = await start(bulk=1)
    await engine.enqueue(task("x", "hold"))
    await eventually(lambda: has(journal, "start"))
    first.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(first.wait, 60) == 0
    assert await journal.lines("cancelled") == ["cancelled a/1/x 1"]
    await start(bulk=1)
    await eventually(lambda: _count(journal, "start", 2))
    await journal.open()
    # It was not the task's fault: the try is not counted.
    await eventually(lambda: has(journal, "done a/1/x 1"))


async def test_a_failing_task_runs_max_tries_times_and_is_dead_once(
    engine: StreaqEngine, journal: Journal, start: Start, eventually: Eventually
) -> None:
    await start()
    await engine.enqueue(task("x", "fail"), task("y", "no such kind"))
    await eventually(lambda: _count(journal, "dead", 2))
    assert await journal.lines("fail") == [f"fail a/1/x {number}" for number in (1, 2, 3)]
    assert sorted(await journal.lines("dead")) == ["dead:LookupError:True a/1/y 3", "dead:OSError:True a/1/x 3"]
    await eventually(lambda: _none_pending(engine, "a"))
    await engine.enqueue(task("x"))  # another task under the same name starts afresh
    await eventually(lambda: has(journal, "done a/1/x 1"))


async def test_run_me_later_is_no_failure(
    engine: StreaqEngine, journal: Journal, start: Start, eventually: Eventually
) -> None:
    await start()
    await engine.enqueue(task("x", "later"))
    await eventually(lambda: has(journal, "done"))
    assert await journal.lines("later") == ["later a/1/x 1"] * 5


async def test_a_flushed_redis_costs_tasks_but_no_worker(
    engine: StreaqEngine, journal: Journal, start: Start, eventually: Eventually
) -> None:
    worker = await start(bulk=2)
    await engine.enqueue(task("running", "hold"), *(task(str(number)) for number in range(5)))
    await eventually(lambda: has(journal, "start"))
    await journal.redis.flushall()
    await journal.redis.function_flush()
    await journal.open()
    with contextlib.suppress(
        EngineUnavailable
    ):  # the engine's functions are gone too: they come back for the next call
        await engine.enqueue(task("after"))
    await engine.enqueue(task("after"))
    await engine.enqueue(task("urgent", level=Level.JUST_IN_TIME))
    await eventually(lambda: has(journal, "done a/1/after 1", "done a/1/urgent 1", "done a/1/running"))
    assert worker.poll() is None
    await eventually(lambda: _drained(engine))


class TestBrokerOutage:
    @pytest.fixture
    def url(self, valkey_server: Server) -> str:
        return valkey_server.url

    async def test_tasks_survive_a_killed_broker(
        self,
        engine: StreaqEngine,
        journal: Journal,
        start: Start,
        eventually: Eventually,
        valkey_server: Server,
    ) -> None:
        workers = [await start(bulk=2, idle_s=2), await start(bulk=2, idle_s=2)]
        await engine.enqueue(task("long", "hold"))
        await eventually(lambda: has(journal, "start a/1/long"))
        names = [str(number) for number in range(60)]
        await engine.enqueue(*(task(name) for name in names))
        valkey_server.kill()
        with pytest.raises(EngineUnavailable):
            await _enqueue_once(valkey_server.url, task("never"))
        valkey_server.start()
        await engine.enqueue(task("after"))
        await journal.open()
        await eventually(lambda: has(journal, "done a/1/long 1", *(f"done a/1/{name} " for name in names)))
        await eventually(lambda: has(journal, "done a/1/after"))
        assert [worker.poll() for worker in workers] == [None, None]
        assert await journal.lines("cancelled") == []


async def _count(journal: Journal, event: str, count: int) -> bool:
    return len(await journal.lines(event)) >= count


async def _none_pending(engine: StreaqEngine, group: str) -> bool:
    return not await engine.pending(group)


async def _drained(engine: StreaqEngine) -> bool:
    return all(depth.queued == depth.running == 0 for depth in (await engine.depth()).values())


async def _enqueue_once(url: str, task: Task) -> None:
    engine = StreaqEngine(url, patience=timedelta(milliseconds=100))
    try:
        await engine.enqueue(task)
    finally:
        await engine.close()
