"""A scan of a source that arrives: the child that demuxes it (scan_child.py), and what it says, as typed values."""

from __future__ import annotations

import sys
import tempfile
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from transcoder.errors import SourceRefused
from transcoder.ffmpeg import spawn
from transcoder.growing.growth import Head, Seen
from transcoder.index import Answer, SourceIndex, read_answer
from transcoder.plan import AudioEntry  # noqa: TC001 - msgspec resolves it

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator

    from transcoder.source_limits import SourceLimits
    from transcoder.sources.source import OpenSource

_CHILD: Final = Path(__file__).with_name("scan_child.py")
_READ: Final = 256 * 1024


class _Seen(msgspec.Struct, frozen=True):
    stamps: tuple[int, ...] = ()
    end: int | None = None
    entries: tuple[AudioEntry, ...] = ()


class _Line(msgspec.Struct, frozen=True):
    """One of the three, as the child prints it."""

    seen: dict[int, _Seen] | None = None
    head: Answer | None = None
    whole: Answer | None = None


Told = dict[int, Seen] | Head | SourceIndex
"""What came of the streams; what they are; the index of the whole source, last."""


@asynccontextmanager
async def scan(
    source: OpenSource, *, demuxer: str, limits: SourceLimits, wall_s: float
) -> AsyncIterator[AsyncIterator[Told]]:
    """Scan a source from its first byte to its last, for at most `wall_s` seconds.

    Raises SourceRefused for a source that this cannot make out; ChildFailed, ChildTimedOut; PlanMissing when the upload
    is given up, and errors of the store.
    """
    allowed = replace(limits.child, wall_s=wall_s)
    with tempfile.TemporaryDirectory(prefix="scan-") as cwd:
        async with source.serve(wait=True) as fd:
            argv = child_argv(fd, demuxer=demuxer, limits=limits)
            async with spawn(argv, limits=allowed, cwd=Path(cwd), pass_fds=(fd,)) as child:
                yield _told(child.stdout, demuxer=demuxer, limits=limits)


def child_argv(fd: int, *, demuxer: str, limits: SourceLimits) -> list[str]:
    """The child's command; it asks for the source at the socket `fd`."""
    asked = {"max_pixels": limits.max_pixels, "max_streams": limits.max_streams, "max_packets": limits.max_packets}
    return [sys.executable, "-I", str(_CHILD), str(fd), demuxer, msgspec.json.encode(asked).decode()]


async def _told(stdout: asyncio.StreamReader, *, demuxer: str, limits: SourceLimits) -> AsyncIterator[Told]:
    rest = b""
    while piece := await stdout.read(_READ):
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield read_line(line, demuxer=demuxer, limits=limits)


def read_line(said: bytes, *, demuxer: str, limits: SourceLimits) -> Told:
    """What the child says in a line. Raises SourceRefused."""
    line = msgspec.json.decode(said, type=_Line)
    if line.seen is not None:
        return {
            index: Seen(stamps=seen.stamps, end=seen.end, entries=seen.entries) for index, seen in line.seen.items()
        }
    if line.head is not None:
        decoded = {stream.index: stream.decoded_stamps for stream in line.head.streams}
        return Head(index=read_answer(line.head, demuxer=demuxer, limits=limits), decoded=decoded)
    if line.whole is not None:
        return read_answer(line.whole, demuxer=demuxer, limits=limits)
    raise SourceRefused("unreadable", "a line without a word")
