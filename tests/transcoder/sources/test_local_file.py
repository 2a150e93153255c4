"""The map never promises a byte that is not written, whoever dies when."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from transcoder.errors import DiskFull
from transcoder.sources.blocks import BLOCK
from transcoder.sources.local_file import LocalFile, map_of

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).resolve().parents[3]

_HOLDER = """
import os, sys
from pathlib import Path
from transcoder.sources.local_file import LocalFile, map_of
path = Path(sys.argv[1])
file = LocalFile(path, os.open(map_of(path), os.O_RDWR))
with file.claim(range(2, 4)) as is_ours:
    print(is_ours, flush=True)
    sys.stdin.read()
"""

_SMALL_DISK = """
import os, resource, sys
from pathlib import Path
from transcoder.errors import DiskFull
from transcoder.sources.local_file import LocalFile, map_of
path = Path(sys.argv[1])
file = LocalFile(path, os.open(map_of(path), os.O_RDWR))
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
for attempt in (lambda: file.write(90_000, bytes(20_000)), lambda: file.grow(200_000)):
    try:
        attempt()
    except DiskFull as exc:
        print(exc)
"""


def other_process(script: str, path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Iterator[LocalFile]:
    path = tmp_path / "clip.1"
    descriptor = os.open(map_of(path), os.O_RDWR | os.O_CREAT)
    file = LocalFile(path, descriptor)
    yield file
    file.close()
    os.close(descriptor)


def test_blocks_are_missing_until_they_are_marked(file: LocalFile) -> None:
    assert file.missing(range(2, 9)) == [range(2, 9)]
    file.mark(range(4, 6))
    assert file.missing(range(2, 9)) == [range(2, 4), range(6, 9)]
    assert file.missing(range(4, 6)) == []
    assert file.has(range(4, 6))
    assert not file.has(range(5, 7))


def test_what_is_written_is_read_and_the_file_never_shrinks(file: LocalFile) -> None:
    file.grow(3 * BLOCK)
    file.write(BLOCK, b"moov")
    file.grow(BLOCK)
    assert file.path.stat().st_size == 3 * BLOCK
    assert file.read(BLOCK - 2, 8) == b"\0\0moov\0\0"


def test_one_at_a_time_fetches_a_block(file: LocalFile) -> None:
    with file.claim(range(2, 5)) as first, file.claim(range(4, 6)) as second, file.claim(range(5, 6)) as third:
        assert (first, second, third) == (True, False, True)
    with file.claim(range(4, 6)) as again:
        assert again


def test_a_claim_dies_with_its_process(file: LocalFile) -> None:
    process = other_process(_HOLDER, file.path)
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    with file.claim(range(3, 4)) as ours:
        assert not ours
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with file.claim(range(3, 4)) as ours:
        assert ours


def test_a_disk_that_is_full_says_so(file: LocalFile) -> None:
    said, _ = other_process(_SMALL_DISK, file.path).communicate()
    assert said.splitlines() == [f"no room for clip.1 in {file.path.parent}: File too large"] * 2
    assert DiskFull.retryable
