"""A source fed to a scan's child a little at a time: how many bytes each segment takes, whatever the machine."""

from __future__ import annotations

import os
import socket
import subprocess
from typing import TYPE_CHECKING, Final

from transcoder.growing.growth import Growth, Head
from transcoder.growing.scan import child_argv, read_line
from transcoder.index import SourceIndex
from transcoder.source_limits import SourceLimits
from transcoder.sources.child_file import ANSWER, REQUEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manifests.layout import AssetId
    from transcoder.growing.scan import Told
    from transcoder.plan import Plan, SourceRef

STEP: Final = 2048
_LIMITS: Final = SourceLimits()


def grown(body: bytes, *, asset: AssetId, source: SourceRef) -> Iterator[tuple[int, Plan]]:
    """Each plan that grows of a source, with how many of its first bytes it takes (to STEP bytes)."""
    growth: Growth | None = None
    early: list[Told] = []
    for arrived, told in _fed(body, source.demuxer):
        if isinstance(told, Head):
            growth = Growth(told, asset=asset, version=1, source=source)
        elif not isinstance(told, SourceIndex):
            early.append(told)
        while growth is not None and early:
            seen = early.pop(0)
            if isinstance(seen, dict) and growth.add(seen) and growth.plan is not None:
                yield arrived, growth.plan


def _fed(body: bytes, demuxer: str) -> Iterator[tuple[int, Told]]:
    ours, theirs = socket.socketpair()
    argv = child_argv(theirs.fileno(), demuxer=demuxer, limits=_LIMITS)
    # Whoever has seen enough leaves, and the child with him; what it says of that is nobody's business.
    command = subprocess.Popen(
        argv, pass_fds=(theirs.fileno(),), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )  # fmt: skip
    with command as child, ours:
        theirs.close()
        assert child.stdout is not None
        os.set_blocking(child.stdout.fileno(), False)
        arrived, rest, ended = 0, b"", False
        while not ended:
            ended = not (question := ours.recv(REQUEST.size, socket.MSG_WAITALL))
            # What the child makes of some bytes it says before it asks for more.
            *lines, rest = (rest + (child.stdout.read() or b"")).split(b"\n")
            for line in lines:
                yield arrived, read_line(line, demuxer=demuxer, limits=_LIMITS)
            if not ended:
                offset, length = REQUEST.unpack(question)
                part = body[offset : offset + min(length, STEP)]
                arrived = max(arrived, offset + len(part))
                ours.sendall(ANSWER.pack(len(part)) + part)
