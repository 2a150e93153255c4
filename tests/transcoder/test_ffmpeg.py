from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import psutil
import pytest

from tests.transcoder.processes import group
from transcoder.errors import ChildFailed, ChildTimedOut
from transcoder.ffmpeg import Limits, OutputPipe, ffmpeg_path, run, spawn
from transcoder.sandbox_cage import Cage

_LIMITS = Limits(wall_s=20)
_ROOT = Path(__file__).parents[2]

# Starts a sleeping grandchild, says both ids, and waits for it.
_FAMILY = ("sh", "-c", "sleep 300 & echo $$ $!; wait")


def _gone(*pids: int) -> None:
    """Waits until the processes have ended (a zombie has)."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            descriptor = os.pidfd_open(pid)
            ended, _, _ = select.select([descriptor], [], [], 10)
            os.close(descriptor)
            assert ended, f"{pid} still runs"


@pytest.mark.usefixtures("cage")
async def test_output_comes_back(tmp_path: Path) -> None:
    assert await run(["sh", "-c", "pwd; echo noise >&2"], limits=_LIMITS, cwd=tmp_path) == f"{tmp_path}\n".encode()


async def test_the_environment_is_scrubbed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("CHANNEL_REDIS_URL", "redis://:secret@host")
    seen = await run(["env"], limits=_LIMITS, cwd=tmp_path)
    assert {line.split(b"=")[0] for line in seen.split()} <= {b"PATH", b"HOME", b"TMPDIR", b"LANG", b"TZ", b"PWD"}
    assert b"secret" not in seen


async def test_standard_input_is_empty(tmp_path: Path) -> None:
    assert await run(["cat"], limits=_LIMITS, cwd=tmp_path) == b""


async def test_a_failure_keeps_command_code_and_the_tail_of_stderr(tmp_path: Path) -> None:
    noise = "i=0; while [ $i -lt 3000 ]; do echo line $i of noise >&2; i=$((i+1)); done; echo the reason >&2; exit 3"
    with pytest.raises(ChildFailed, match=r"sh ended with 3: the reason") as caught:
        await run(["sh", "-c", noise], limits=_LIMITS, cwd=tmp_path)
    assert caught.value.argv == ("sh", "-c", noise)
    assert caught.value.exit_code == 3
    assert caught.value.stderr.endswith("line 2999 of noise\nthe reason\n")
    assert len(caught.value.stderr) <= 16 * 1024
    assert caught.value.retryable


@pytest.mark.usefixtures("cage")
async def test_a_missing_command_is_named(tmp_path: Path) -> None:
    with pytest.raises(ChildFailed, match="no-such-command: No such file"):
        await run(["no-such-command"], limits=_LIMITS, cwd=tmp_path)


async def test_endless_output_is_cut_off(tmp_path: Path) -> None:
    with pytest.raises(ChildFailed, match="more than 1000 bytes"):
        await run(["yes"], limits=_LIMITS, cwd=tmp_path, max_output=1000)


@pytest.mark.usefixtures("no_cage")
async def test_the_wall_clock_ends_the_whole_group(tmp_path: Path) -> None:
    pids: list[int] = []
    with pytest.raises(ChildTimedOut, match=r"wall clock of 0\.3 s"):
        async with spawn(_FAMILY, limits=Limits(wall_s=0.3), cwd=tmp_path) as child:
            pids += map(int, (await child.stdout.readline()).split())
    assert len(pids) == 2
    _gone(*pids)


async def test_who_gets_somewhere_gets_more_time(tmp_path: Path) -> None:
    async with spawn(("sh", "-c", "read line || true"), limits=_LIMITS, cwd=tmp_path) as child:
        begun = child.deadline
        child.prolong()
        assert child.deadline > begun


@pytest.mark.usefixtures("no_cage")
async def test_the_wall_clock_explains_an_error_that_follows_from_it(tmp_path: Path) -> None:
    async def work() -> None:
        async with spawn(_FAMILY, limits=Limits(wall_s=0.3), cwd=tmp_path) as child:
            await child.stdout.readline()
            await child.stdout.readexactly(1)

    with pytest.raises(ChildTimedOut) as caught:
        await work()
    assert isinstance(caught.value.__cause__, asyncio.IncompleteReadError)


@pytest.mark.usefixtures("no_cage")
async def test_cancellation_ends_the_whole_group(tmp_path: Path) -> None:
    pids: list[int] = []
    started = asyncio.Event()

    async def work() -> None:
        async with spawn(_FAMILY, limits=_LIMITS, cwd=tmp_path) as child:
            pids.extend(map(int, (await child.stdout.readline()).split()))
            started.set()

    task = asyncio.create_task(work())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    _gone(*pids)


async def test_who_is_cancelled_again_and_again_leaves_no_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = asyncio.create_subprocess_exec
    started: list[asyncio.subprocess.Process] = []

    async def cancelled_meanwhile(*argv: str, **options: Any) -> asyncio.subprocess.Process:
        scope.cancel()
        started.append(await start(*argv, **options))
        return started[0]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", cancelled_meanwhile)
    with anyio.CancelScope() as scope:
        async with spawn(["sleep", "600"], limits=_LIMITS, cwd=tmp_path):
            await asyncio.sleep(600)
    assert scope.cancelled_caught
    assert [child.returncode for child in started] == [-signal.SIGKILL]


@pytest.mark.usefixtures("no_cage")
async def test_an_error_in_the_body_ends_the_group_and_stays_itself(tmp_path: Path) -> None:
    pids: list[int] = []

    async def work() -> None:
        async with spawn(_FAMILY, limits=_LIMITS, cwd=tmp_path) as child:
            pids.extend(map(int, (await child.stdout.readline()).split()))
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await work()
    _gone(*pids)


@pytest.mark.usefixtures("no_cage")
async def test_what_a_finished_child_leaves_behind_is_ended(tmp_path: Path) -> None:
    left = await run(["sh", "-c", "sleep 300 >/dev/null 2>&1 & echo $!"], limits=_LIMITS, cwd=tmp_path)
    _gone(int(left))


@pytest.mark.usefixtures("cage")
@pytest.mark.parametrize(
    "does", ["await child.stdout.readline()", "child.stop()"], ids=["at work", "told to stand still"]
)
def test_a_killed_parent_takes_its_child_along(tmp_path: Path, does: str) -> None:
    parent_code = f"""
import asyncio, sys
from pathlib import Path
from transcoder.ffmpeg import Limits, spawn
async def main():
    async with spawn(["sh", "-c", "echo; exec sleep 300"], limits=Limits(), cwd=Path({str(tmp_path)!r})) as child:
        {does}
        print(child.pid, flush=True)
asyncio.run(main())
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", parent_code], stdout=subprocess.PIPE, cwd=_ROOT, env={**os.environ, "PYTHONPATH": "."}
    )
    with parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert psutil.pid_exists(child)
        parent.kill()
    _gone(*(process.pid for process in group(child)))
    assert group(child) == []


@pytest.mark.usefixtures("cage")
async def test_pipes_beside_standard_output(tmp_path: Path) -> None:
    async with OutputPipe() as one, OutputPipe() as two:
        script = f"printf first >&{one.fd}; printf second >&{two.fd}; printf third"
        async with spawn(["bash", "-c", script], limits=_LIMITS, cwd=tmp_path, pass_fds=(one.fd, two.fd)) as child:
            one.close_child_end()
            two.close_child_end()
            bodies = await asyncio.gather(one.reader.read(), two.reader.read(), child.stdout.read())
    assert bodies == [b"first", b"second", b"third"]


@pytest.mark.usefixtures("cage")
async def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    await run(["true"], limits=_LIMITS, cwd=tmp_path)
    before = psutil.Process().num_fds()
    for _ in range(5):
        await run(["true"], limits=_LIMITS, cwd=tmp_path)
    assert psutil.Process().num_fds() <= before


async def test_a_configured_ffmpeg_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CHANNEL_FFMPEG", "/opt/ffmpeg")
    assert ffmpeg_path() == "/opt/ffmpeg"
    monkeypatch.delenv("CHANNEL_FFMPEG")
    assert b"ffmpeg version" in await run([ffmpeg_path(), "-version"], limits=_LIMITS, cwd=tmp_path)


async def test_the_wall_clock_ends_a_child_that_stands_still(tmp_path: Path, cage: Cage) -> None:
    """A hang that uses no processor, and does not even listen to signals that can be ignored."""
    begun: list[int] = []

    async def hang() -> None:
        stubborn = ["sh", "-c", "trap '' TERM INT HUP; echo; exec sleep 300"]
        async with spawn(stubborn, limits=Limits(wall_s=0.5), cwd=tmp_path) as child:
            await child.stdout.readline()
            begun.extend(process.pid for process in group(child.pid))
            child.stop()

    with pytest.raises(ChildTimedOut):
        await hang()
    assert len(begun) == (2 if cage is Cage.BUBBLEWRAP else 1)
    _gone(*begun)


@pytest.mark.usefixtures("cage")
async def test_a_child_that_crashes_says_by_which_signal(tmp_path: Path) -> None:
    with pytest.raises(ChildFailed, match="ended by signal 11") as caught:
        await run(
            [sys.executable, "-I", "-S", "-c", "import ctypes; ctypes.string_at(0)"], limits=_LIMITS, cwd=tmp_path
        )
    assert caught.value.exit_code == -11


async def test_only_what_is_given_can_be_read(tmp_path: Path, cage: Cage) -> None:
    job, source, other = tmp_path / "job", tmp_path / "source", tmp_path / "other"
    job.mkdir()
    for path in (source, other):
        path.write_text(path.name)
    assert await run(["cat", str(source)], limits=_LIMITS, cwd=job, reads=(source,)) == b"source"
    if cage is Cage.PLAIN:
        return
    for word in (str(other), "/etc/passwd", f"/proc/{os.getpid()}/environ", str(Path(__file__))):
        with pytest.raises(ChildFailed, match=r"Permission denied|No such file"):
            await run(["cat", word], limits=_LIMITS, cwd=job, reads=(source,))
    with pytest.raises(ChildFailed):
        await run(["sh", "-c", 'echo over >"$0"', str(source)], limits=_LIMITS, cwd=job, reads=(source,))
    assert source.read_text() == "source"
