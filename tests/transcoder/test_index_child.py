from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from transcoder import index_child

if TYPE_CHECKING:
    from pathlib import Path


def _ask(path: Path, demuxer: str, cwd: Path) -> dict[str, object]:
    limits = json.dumps({"max_pixels": 10**8, "max_streams": 64, "max_packets": 10**6})
    command = [sys.executable, "-I", index_child.__file__, str(path), demuxer, limits]
    found = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=cwd, env={}).stdout
    answer = json.loads(found)
    assert isinstance(answer, dict)
    return answer


def test_it_needs_nothing_of_ours(media: Path, tmp_path: Path) -> None:
    answer = _ask(media / "real" / "chaplin_360p25_mp3.mp4", "mov", tmp_path)
    streams = answer["streams"]
    assert isinstance(streams, list)
    assert [(stream["kind"], stream["packets"]) for stream in streams] == [("video", 241), ("audio", 369)]


def test_a_wrong_demuxer_is_an_answer(media: Path, tmp_path: Path) -> None:
    assert _ask(media / "real" / "chaplin_360p25_mp3.mp4", "matroska", tmp_path)["refused"] == "unreadable"
