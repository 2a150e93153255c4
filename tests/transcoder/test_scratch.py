from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from transcoder.scratch import clear, scratch

_DIES = """
import os, signal, sys, tempfile
from pathlib import Path
from transcoder.scratch import scratch
with scratch(Path(sys.argv[1])):
    tempfile.mkdtemp()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def _entries(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_temporary_files_go_with_their_process(tmp_path: Path) -> None:
    before = tempfile.gettempdir()
    with scratch(tmp_path / "scratch") as own, tempfile.TemporaryDirectory() as made:
        assert Path(made).parent == own
        (own / "left").write_bytes(b"x")
    assert _entries(tmp_path / "scratch") == []
    assert tempfile.gettempdir() == before


def test_what_a_killed_process_left_is_cleared_by_the_next(tmp_path: Path) -> None:
    code = subprocess.run([sys.executable, "-c", _DIES, tmp_path], check=False).returncode
    assert code == -9
    (left,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert _entries(left) != []
    with scratch(tmp_path) as own:
        assert _entries(tmp_path) == [own.name, f"{own.name}.lock"]


def test_what_the_living_use_stays(tmp_path: Path) -> None:
    with scratch(tmp_path) as first, scratch(tmp_path) as second:
        clear(tmp_path)
        assert first.is_dir()
        assert second.is_dir()
        assert Path(tempfile.gettempdir()).samefile(second)
