"""Which encoders the ffmpeg at hand has."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from transcoder.ffmpeg import Limits, ffmpeg_path, run

_LIMITS: Final = Limits(wall_s=10)


async def encoders() -> frozenset[str]:
    """Their names. Raises SandboxError if there is no ffmpeg, or it does not answer."""
    with tempfile.TemporaryDirectory(prefix="encoders-") as cwd:
        printed = await run([ffmpeg_path(), "-hide_banner", "-encoders"], limits=_LIMITS, cwd=Path(cwd))
    # " V....D libx264  libx264 H.264 / AVC …" behind a legend that ends with a line of dashes.
    _, _, listed = printed.decode("utf-8", "replace").partition("------")
    return frozenset(line.split()[1] for line in listed.splitlines() if len(line.split()) > 1)
