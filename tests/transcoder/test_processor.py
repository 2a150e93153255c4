from __future__ import annotations

import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from transcoder.ffmpeg import spawn
from transcoder.priority import Priority
from transcoder.processor import Processor
from transcoder.sandbox import Limits

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from transcoder.ffmpeg import Child

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

_BUSY = "print(flush=True)\nwhile True: pass"


class Left(Exception):
    pass


@asynccontextmanager
async def busy(folder: Path) -> AsyncIterator[Child]:
    """A child that never ends by itself; it is killed when the context ends."""
    try:
        async with spawn([sys.executable, "-I", "-c", _BUSY], limits=Limits(), cwd=folder) as child:
            await child.stdout.readline()
            yield child
            raise Left
    except Left:
        pass


def stands_still(child: Child) -> bool:
    return Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


async def test_bulk_stands_still_until_the_wanted_segment_is_made(
    tmp_path: Path, eventually: Callable[..., Awaitable[None]]
) -> None:
    processor = Processor(cores=2)
    bulk = Priority(10, processor=processor, yields=True)
    opening = Priority(2, processor=processor)
    run = Priority(0, processor=processor, urgent=True, then=5)
    async with busy(tmp_path) as window, busy(tmp_path) as first, busy(tmp_path) as wanted:
        bulk.started(window)
        opening.started(first)
        run.started(wanted)
        await eventually(lambda: stands_still(window))
        assert not stands_still(first)
        assert not stands_still(wanted)
        run.made()
        await eventually(lambda: not stands_still(window))

        other = Priority(0, processor=processor, urgent=True, then=5)
        async with busy(tmp_path) as next_wanted:
            other.started(next_wanted)
            # What goes on ahead of the first viewer yields to the second.
            await eventually(lambda: stands_still(window) and stands_still(wanted))
            other.made()
            await eventually(lambda: not stands_still(window) and not stands_still(wanted))


async def test_who_begins_meanwhile_waits_for_all_that_are_urgent(
    tmp_path: Path, eventually: Callable[..., Awaitable[None]]
) -> None:
    processor = Processor(cores=2)
    async with busy(tmp_path) as one, busy(tmp_path) as two, busy(tmp_path) as late:
        processor.urgent(one)
        processor.urgent(two)
        processor.yielding(late)
        await eventually(lambda: stands_still(late))
        processor.done(one)
        processor.done(one)
        assert stands_still(late)
        processor.done(two)
        await eventually(lambda: not stands_still(late))


async def test_what_yields_goes_on_when_somebody_waits_for_it(
    tmp_path: Path, eventually: Callable[..., Awaitable[None]]
) -> None:
    processor = Processor(cores=2)
    window = Priority(10, processor=processor, yields=True)
    behind, before = (Priority(5, processor=processor, yields=True) for _ in range(2))
    async with busy(tmp_path) as bulk, busy(tmp_path) as ahead, busy(tmp_path) as wanted:
        for priority, child in ((window, bulk), (behind, ahead), (before, wanted)):
            priority.started(child)
        before.hurry()
        await eventually(lambda: stands_still(bulk) and stands_still(ahead))
        behind.hurry()
        await eventually(lambda: not stands_still(ahead))
        before.made(waited_for=True)
        behind.made()
        assert not stands_still(wanted)
        assert stands_still(bulk)
        await eventually(lambda: stands_still(ahead))
        before.made()
        await eventually(lambda: not any(map(stands_still, (bulk, ahead, wanted))))


async def test_whoever_is_hurried_before_his_child_starts_is_urgent_with_it(
    tmp_path: Path, eventually: Callable[..., Awaitable[None]]
) -> None:
    processor = Processor(cores=2)
    opening = Priority(2, processor=processor, yields=True)
    opening.hurry()
    async with busy(tmp_path) as window, busy(tmp_path) as first:
        processor.yielding(window)
        opening.started(first)
        await eventually(lambda: stands_still(window))
        opening.made()
        await eventually(lambda: not stands_still(window))


async def test_what_is_wanted_elsewhere_begins_as_one_that_yields(
    tmp_path: Path, eventually: Callable[..., Awaitable[None]]
) -> None:
    processor = Processor(cores=2)
    opening = Priority(0, processor=processor, urgent=True, then=5)
    opening.relax()
    assert opening.nice == 5
    async with busy(tmp_path) as rest, busy(tmp_path) as wanted:
        opening.started(rest)
        processor.urgent(wanted)
        await eventually(lambda: stands_still(rest))
        processor.done(wanted)
        await eventually(lambda: not stands_still(rest))


async def test_those_who_stand_still_get_on_too_however_long_the_wait(
    tmp_path: Path, eventually: Callable[..., Awaitable[None]]
) -> None:
    processor = Processor(cores=2, still_s=0.2, rested_s=0.2)
    async with busy(tmp_path) as window:
        processor.yielding(window)
        async with busy(tmp_path) as wanted:
            processor.urgent(wanted)
            for _ in range(2):
                await eventually(lambda: stands_still(window))
                await eventually(lambda: not stands_still(window))
        # It ended, and nobody said so.
        await eventually(lambda: not stands_still(window))
        async with busy(tmp_path) as other:
            await eventually(lambda: not stands_still(window))
            processor.urgent(other)
            await eventually(lambda: stands_still(window))
            processor.done(other)
            await eventually(lambda: not stands_still(window))


async def test_what_stands_still_can_be_killed(tmp_path: Path, eventually: Callable[..., Awaitable[None]]) -> None:
    processor = Processor(cores=2)
    async with busy(tmp_path) as wanted:
        async with busy(tmp_path) as window:
            processor.yielding(window)
            processor.urgent(wanted)
            await eventually(lambda: stands_still(window))
        assert not window.is_running
        processor.done(wanted)


async def test_nobody_is_stopped_where_cores_are_many(tmp_path: Path) -> None:
    processor = Processor(cores=16)
    async with busy(tmp_path) as window, busy(tmp_path) as wanted:
        processor.yielding(window)
        processor.urgent(wanted)
        assert not stands_still(window)
        processor.done(wanted)
