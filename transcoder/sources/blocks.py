"""Arithmetic of blocks and spans: a source is held on the disk in blocks of one size, fetched in runs of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from transcoder.plan import Span

BLOCK: Final = 256 * 1024
"""Bytes. Small enough for a demuxer that looks for a time stamp here and there, large enough for one request each."""

RUN: Final = 16
"""Blocks that are fetched with one request, at most."""


def merged(spans: Iterable[Span], *, slack: int = 0) -> list[Span]:
    """The same bytes in rising order, without overlaps; each span longer by `slack` at both ends (not below 0)."""
    found: list[Span] = []
    for start, end in sorted((max(0, start - slack), end + slack) for start, end in spans if start < end):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def blocks_of(span: Span) -> range:
    """The blocks that hold any byte of a span."""
    start, end = span
    return range(start // BLOCK, -(-end // BLOCK)) if start < end else range(0)


def in_runs(blocks: range) -> Iterator[range]:
    """Consecutive blocks, cut so that each piece is one request."""
    for first in range(blocks.start, blocks.stop, RUN):
        yield range(first, min(first + RUN, blocks.stop))
