from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from transcoder.sandbox import Limits, environment, exit_code, is_bound, wrap
from transcoder.sandbox_cage import Cage
from transcoder.sandbox_filter import program


def test_the_environment_holds_nothing_of_ours() -> None:
    inherited = {"PATH": "/usr/bin", "CHANNEL_S3_SECRET_ACCESS_KEY": "s", "AWS_SECRET_ACCESS_KEY": "s", "HOME": "/root"}
    assert environment(Path("/job"), inherited) == {
        "PATH": "/usr/bin", "HOME": "/job", "TMPDIR": "/job", "LANG": "C.UTF-8", "TZ": "UTC",
    }  # fmt: skip


def test_a_command_is_put_behind_the_launcher() -> None:
    limits = Limits(wall_s=1, cpu_s=2, memory_bytes=3, file_bytes=4, open_files=5)
    command = wrap(["ffmpeg", "-i", "a b"], limits, cage=Cage.PLAIN, cwd=Path("/job"), nice=6, parent=7)
    assert command[:3] == [sys.executable, "-I", "-S"]
    assert command[4:10] == ["7", "2", "3", "4", "5", "6"]
    assert command[10] == program(platform.machine(), may_fork=True).hex()
    assert command[11:] == ["0", "ffmpeg", "-i", "a b"]


def _launch(*argv: str, limits: Limits | None = None, parent: int | None = None) -> subprocess.CompletedProcess[str]:
    command = wrap(argv, limits or Limits(), cage=Cage.PLAIN, cwd=Path.cwd(), parent=parent)
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_limits_hold_in_the_child() -> None:
    limits = Limits(cpu_s=11, memory_bytes=300 << 20, file_bytes=2048, open_files=20)
    ask = (
        "import resource as r; print(*(r.getrlimit(k)[0] for k in "
        "(r.RLIMIT_CPU, r.RLIMIT_DATA, r.RLIMIT_FSIZE, r.RLIMIT_NOFILE, r.RLIMIT_CORE)))"
    )
    assert _launch(sys.executable, "-I", "-c", ask, limits=limits).stdout.split() == [
        "11", str(300 << 20), "2048", "20", "0",
    ]  # fmt: skip


def test_too_much_memory_is_refused() -> None:
    done = _launch(sys.executable, "-I", "-c", "bytearray(400 << 20)", limits=Limits(memory_bytes=200 << 20))
    assert done.returncode == 1
    assert "MemoryError" in done.stderr


def test_a_file_cannot_grow_past_its_limit(tmp_path: Path) -> None:
    target = tmp_path / "big"
    done = _launch("dd", "if=/dev/zero", f"of={target}", "bs=1024", "count=64", limits=Limits(file_bytes=8192))
    assert done.returncode != 0
    assert target.stat().st_size == 8192


def test_a_child_whose_parent_is_gone_does_not_start(tmp_path: Path) -> None:
    target = tmp_path / "started"
    assert _launch("touch", str(target), parent=os.getpid() + 1).returncode == 127
    assert not target.exists()


def test_a_missing_command_says_its_name() -> None:
    done = _launch("no-such-command")
    assert done.returncode == 127
    assert done.stderr == "no-such-command: No such file or directory\n"


def test_a_child_is_bound_when_it_is_its_command_and_no_sooner(cage: Cage, tmp_path: Path) -> None:
    for _ in range(20):  # a child in execve(2) shows no command line at all, most times
        command = wrap(["sleep", "60"], Limits(), cage=cage, cwd=tmp_path)
        with subprocess.Popen(command, start_new_session=True) as child:
            while not is_bound(child.pid):
                assert child.poll() is None
            family = [psutil.Process(child.pid), *psutil.Process(child.pid).children(recursive=True)]
            assert [process.cmdline() for process in family][-1] == ["sleep", "60"]
            os.killpg(child.pid, signal.SIGKILL)


def test_what_is_gone_is_bound() -> None:
    child = subprocess.Popen(["true"])
    child.wait()
    assert is_bound(child.pid)


@pytest.mark.parametrize(
    ("code", "cage", "meant"),
    [
        (0, Cage.BUBBLEWRAP, 0),
        (1, Cage.BUBBLEWRAP, 1),
        (139, Cage.BUBBLEWRAP, -11),
        (234, Cage.BUBBLEWRAP, 234),  # ffmpeg's own: EINVAL
        (139, Cage.LANDLOCK, 139),
        (-9, Cage.BUBBLEWRAP, -9),
        (None, Cage.BUBBLEWRAP, None),
    ],
)
def test_bubblewrap_tells_signals_as_shells_do(code: int | None, cage: Cage, meant: int | None) -> None:
    assert exit_code(code, cage) == meant


@pytest.mark.skipif(sys.platform != "linux", reason="prctl(2)")
def test_who_keeps_to_itself_is_not_dumpable() -> None:
    code = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from transcoder.sandbox import keep_to_ourselves
import ctypes
keep_to_ourselves()
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""
    assert subprocess.check_output([sys.executable, "-c", code]).split() == [b"0"]
