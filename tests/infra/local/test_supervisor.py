"""Children are started in order, started again when they end, and stopped in the reverse order."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from infra.local.preflight import CannotStart
from infra.local.supervisor import Part, Supervisor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

# Says that it runs by appending its pid, and that it is asked to end by its name.
_CHILD = """
import os, pathlib, signal, sys
def end(*_):
    pathlib.Path(sys.argv[2]).open("a").write(sys.argv[1] + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
pathlib.Path(sys.argv[1]).open("a").write(f"{os.getpid()}\\n")
while True:
    signal.pause()
"""


def _pids(path: Path) -> list[int]:
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def _part(folder: Path, name: str) -> Part:
    async def ready() -> bool:
        return bool(_pids(folder / name))

    argv = (sys.executable, "-c", _CHILD, str(folder / name), str(folder / "ended"))
    return Part(name=name, argv=argv, environment={}, ready=ready)


async def test_a_child_that_dies_is_started_again(tmp_path: Path, eventually: Callable[..., Awaitable[None]]) -> None:
    supervisor = Supervisor(tmp_path / "logs")
    await supervisor.start(_part(tmp_path, "one"))
    os.kill(_pids(tmp_path / "one")[0], signal.SIGKILL)
    await eventually(lambda: len(_pids(tmp_path / "one")) == 2)
    await supervisor.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(_pids(tmp_path / "one")[1], 0)


async def test_the_last_started_is_stopped_first(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path / "logs")
    for name in ("first", "second"):
        await supervisor.start(_part(tmp_path, name))
    await supervisor.stop()
    assert (tmp_path / "ended").read_text().split() == [str(tmp_path / "second"), str(tmp_path / "first")]


async def test_a_child_that_cannot_start_is_told_with_its_last_words(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path / "logs")

    async def never() -> bool:
        return False

    argv = (sys.executable, "-c", "import sys; sys.exit('the reason')")
    with pytest.raises(CannotStart, match="broken ended while starting: the reason"):
        await supervisor.start(Part(name="broken", argv=argv, environment={}, ready=never))
    await supervisor.stop()


async def test_a_child_that_ignores_the_signal_is_killed(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path / "logs")
    deaf = "import pathlib, signal, sys, os; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    deaf += "pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))\nwhile True: signal.pause()"

    async def ready() -> bool:
        return bool(_pids(tmp_path / "deaf"))

    argv = (sys.executable, "-c", deaf, str(tmp_path / "deaf"))
    await supervisor.start(Part(name="deaf", argv=argv, environment={}, ready=ready, stop_within_s=0.2))
    await supervisor.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(_pids(tmp_path / "deaf")[0], 0)


async def test_a_child_that_cannot_be_started_again_is_tried_on(
    tmp_path: Path, eventually: Callable[..., Awaitable[None]], capsys: pytest.CaptureFixture[str]
) -> None:
    program, told, said = tmp_path / "program", tmp_path / "told", ""

    def failed() -> bool:
        nonlocal said
        said += capsys.readouterr().err
        return "fickle cannot be started" in said

    def write(script: str) -> None:
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o700)

    async def ready() -> bool:
        return True

    supervisor = Supervisor(tmp_path / "logs")
    write(f'rm "{program}"')
    await supervisor.start(Part(name="fickle", argv=(str(program),), environment={}, ready=ready))
    await eventually(failed)
    write(f'touch "{told}"; exec sleep 60')
    await eventually(told.exists)
    await supervisor.stop()
