"""Streams as publishers send them, made once."""

from __future__ import annotations

import subprocess
from functools import cache
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def stream_of(ffmpeg: str) -> Callable[..., bytes]:
    @cache
    def made(form: str, *options: str) -> bytes:
        """Two seconds with sound, key pictures 0.4 s apart, pictures that wait for later ones."""
        argv = [ffmpeg, "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=64x36:rate=25"]
        argv += ["-f", "lavfi", "-i", "sine=sample_rate=44100", "-t", "2", "-c:v", "libx264", "-preset", "ultrafast"]
        argv += ["-bf", "3", "-b_strategy", "0", "-g", "10", "-c:a", "aac", *options, "-f", form, "-"]
        return subprocess.run(argv, capture_output=True, check=True).stdout

    return made
