from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from infra.local.preflight import CannotStart, require_program

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("program", [sys.executable, "sh"])
def test_a_program_may_be_a_path_or_a_name(program: str) -> None:
    require_program(program, "CHANNEL_FFMPEG")


def test_a_missing_program_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="is no program that can be run here; correct CHANNEL_FFMPEG"):
        require_program(str(tmp_path / "ffmpeg"), "CHANNEL_FFMPEG")


def test_a_file_that_may_not_be_run_is_none(tmp_path: Path) -> None:
    (tmp_path / "ffmpeg").write_text("#!/bin/sh\n")
    with pytest.raises(CannotStart):
        require_program(str(tmp_path / "ffmpeg"), "CHANNEL_FFMPEG")
