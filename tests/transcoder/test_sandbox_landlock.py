from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from transcoder import sandbox_landlock
from transcoder.sandbox_landlock import version

pytestmark = pytest.mark.skipif(version() == 0, reason="this kernel has no Landlock")


def _restricted(code: str, *rules: str) -> subprocess.CompletedProcess[str]:
    """Python code after `restrict`, in a process of its own; the standard library may be read."""
    program = f"""
import ctypes, os, sys
sys.path.append({str(Path(sandbox_landlock.__file__).parent)!r})
import sandbox_landlock
ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)
sandbox_landlock.restrict({["x" + sys.base_prefix, "x/usr", "x/lib", *rules]!r})
{code}
"""
    return subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)


def test_one_file_is_one_file(tmp_path: Path) -> None:
    given, other = tmp_path / "given", tmp_path / "other"
    given.write_text("given")
    other.write_text("other")
    assert _restricted(f"print(open({str(given)!r}).read())", f"r{given}").stdout == "given\n"
    for code in (f"open({str(other)!r})", f"open({str(given)!r}, 'w')", f"os.listdir({str(tmp_path)!r})"):
        assert "PermissionError" in _restricted(code, f"r{given}").stderr
    assert given.read_text() == "given"


def test_a_folder_to_write_in_is_one_to_clean_up(tmp_path: Path) -> None:
    code = f"os.chdir({str(tmp_path)!r}); open('a', 'w').close(); os.mkdir('b'); os.rename('a', 'c'); os.rmdir('b')"
    done = _restricted(code, f"w{tmp_path}")
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


def test_nothing_written_there_can_be_executed(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o700)
    done = _restricted(f"os.execv({str(script)!r}, ['script'])", f"w{tmp_path}")
    assert "PermissionError" in done.stderr


def test_what_is_not_there_needs_no_rule(tmp_path: Path) -> None:
    assert _restricted("print('well')", f"r{tmp_path / 'gone'}").stdout == "well\n"


@pytest.mark.skipif(version() < 6, reason="this kernel's Landlock knows no signals")
def test_nobody_outside_is_signalled() -> None:
    assert "PermissionError" in _restricted("os.kill(os.getppid(), 0)").stderr
