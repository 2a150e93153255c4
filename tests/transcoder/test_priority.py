from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infra.ports import Level
from tests.transcoder.processes import group
from transcoder.ffmpeg import spawn
from transcoder.priority import Priority, ahead, niceness
from transcoder.processor import Processor
from transcoder.sandbox import Limits

if TYPE_CHECKING:
    from transcoder.ffmpeg import Child

_THREADS = """
import threading
for _ in range(3):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
print(flush=True)
input()
"""


def test_the_more_urgent_has_the_processor() -> None:
    of_levels = [niceness(level, 10) for level in (Level.JUST_IN_TIME, Level.INDEX, Level.FIRST, Level.BULK)]
    assert of_levels == [0, 0, 2, 10]
    assert niceness(Level.FIRST, 10) < ahead(10) < niceness(Level.BULK, 10)


def said_to_the_kernel(child: Child) -> tuple[set[int], str]:
    """The niceness of its threads, and of its autogroup, beside our own."""
    own = os.nice(0)
    threads = {
        os.getpriority(os.PRIO_PROCESS, thread.id) - own for process in group(child.pid) for thread in process.threads()
    }
    try:
        autogroup = str(int(re.sub(r".*nice ", "", Path(f"/proc/{child.pid}/autogroup").read_text().strip())) - own)
    except OSError:
        autogroup = "none"
    return threads, autogroup


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.usefixtures("cage")
async def test_what_follows_the_first_segment_leaves_the_processor_to_others(tmp_path: Path) -> None:
    priority = Priority(0, processor=Processor(cores=2), urgent=True, then=7)
    read_end, write_end = os.pipe()
    command = [sys.executable, "-I", "-c", _THREADS]
    async with spawn(command, limits=Limits(), cwd=tmp_path, stdin=read_end, nice=priority.nice) as child:
        priority.started(child)
        await child.stdout.readline()
        assert said_to_the_kernel(child) in (({0}, "0"), ({0}, "none"))
        priority.made()
        assert said_to_the_kernel(child) in (({7}, "7"), ({7}, "none"))
        priority.made()
        os.write(write_end, b"\n")
    assert priority.nice == 7
    os.close(read_end)
    os.close(write_end)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.usefixtures("cage")
async def test_a_niceness_counts_from_the_start(tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    async with spawn(
        [sys.executable, "-I", "-c", _THREADS], limits=Limits(), cwd=tmp_path, stdin=read_end, nice=5
    ) as child:
        await child.stdout.readline()
        assert said_to_the_kernel(child) in (({5}, "5"), ({5}, "none"))
        os.write(write_end, b"\n")
    os.close(read_end)
    os.close(write_end)
