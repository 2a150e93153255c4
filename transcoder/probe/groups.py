"""Which bytes hold which part of a stream: its samples in groups, small enough to fetch little more than is wanted."""

from __future__ import annotations

from array import array
from itertools import islice
from operator import add, le
from typing import TYPE_CHECKING

from transcoder.probe.packing import pack

if TYPE_CHECKING:
    from collections.abc import Sequence

CLOSED = 1
OPEN = 2
"""A key picture, and one that is followed by pictures which are shown before it, and may need the group before."""

LENGTH = 32
"""Samples in a group, at most; a key picture begins a new one."""
FINE = 4
"""The same of a source that arrives: a segment is released by whole groups."""


def groups(
    stamps: Sequence[int], positions: Sequence[int], sizes: Sequence[int], keys: bytes, *, length: int = LENGTH
) -> dict[str, str]:
    """Per group, in decoding order: the `first` stamp, `start` and `end` in the file, and whether a decoder can begin
    there (`keys`)."""
    spans = _spans(keys, length)
    ends = array("q", map(add, positions, sizes))
    if all(map(le, positions, islice(positions, 1, None))):  # almost always, and much faster
        start = [positions[span.start] for span in spans]
        end = [ends[span.stop - 1] for span in spans]
    else:
        start = [min(positions[span]) for span in spans]
        end = [max(ends[span]) for span in spans]
    first = [stamps[span.start] for span in spans] if all(keys) else [min(stamps[span]) for span in spans]
    return {
        "first": pack(first),
        "start": pack(start),
        "end": pack(end),
        "keys": pack(
            [
                keys[span.start] and (CLOSED if stamps[span.start] == least else OPEN)
                for span, least in zip(spans, first, strict=True)
            ]
        ),
    }


def _spans(keys: bytes, length: int) -> list[slice]:
    begins = array("q")
    is_sound = all(keys)
    begin, key = 0, 0
    while begin < len(keys):
        begins.append(begin)
        if 0 <= key <= begin:
            key = keys.find(1, begin + 1)
        begin = begin + length if is_sound or key < 0 else min(begin + length, key)
    return [slice(begin, end) for begin, end in zip(begins, [*begins[1:], len(keys)], strict=True)]
