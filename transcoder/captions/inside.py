"""Captions inside a source, read by a child in the sandbox, that reads no more of it than it has to."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from transcoder.captions.interpret import Answer, interpret
from transcoder.ffmpeg import run
from transcoder.sandbox import Limits

if TYPE_CHECKING:
    from transcoder.captions.found import FoundCaptions
    from transcoder.index import Served
    from transcoder.plan import Plan

_CHILD: Final = Path(__file__).with_name("captions_child.py")
_LIMITS: Final = Limits(wall_s=600.0, cpu_s=60)
"""A whole source may have to come over the network; what it costs is demuxing, a second for some hundred megabytes."""


async def captions_inside(source: Served | Path, plan: Plan, *, nice: int = 0) -> FoundCaptions:
    """What captions a source has. Raises SandboxError, and what the source raises."""
    argv = [sys.executable, "-I", str(_CHILD)]
    words = [plan.source.demuxer, str(-1 if plan.video is None else plan.video.stream)]
    with tempfile.TemporaryDirectory(prefix="captions-") as name:
        cwd = Path(name)
        if isinstance(source, Path):
            argv = [*argv, str(source), *words]
            body = await run(argv, limits=_LIMITS, cwd=cwd, reads=(source,), nice=nice)
        else:
            async with source.serve() as fd:  # noqa: ASYNC240 - no path, but what serves the source
                argv = [*argv, f"fd:{fd}", *words]
                body = await run(argv, limits=_LIMITS, cwd=cwd, pass_fds=(fd,), nice=nice)
    return interpret(msgspec.json.decode(body, type=Answer), plan)
