"""Where the samples of a track lie and how far their composition is from their decoding: stsz, stsc, stco, ctts.

The counts in a table are held against the bytes that the table has, so a table costs memory in proportion to its own
size; only a constant sample size and long runs of `ctts` claim more than they hold, and those are bounded.
"""

from __future__ import annotations

import struct
import sys
from array import array
from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate, chain, islice, repeat
from operator import add, ge, sub
from typing import TYPE_CHECKING

from transcoder.mp4.boxes import NotPlain, child

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_SAMPLES = 1 << 24
"""Samples of one track that are followed here: three days at 60 pictures a second."""

_FULL = 4  # version and flags of a full box (§4.2.2)
_LONG = array("I").itemsize == 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleTable:
    """The boxes of one `stbl` (§8.5 to §8.7): payloads, None where a box is missing."""

    sizes: memoryview | None
    runs: memoryview | None
    offsets: memoryview | None
    large_offsets: memoryview | None
    composition: memoryview | None


def sample_table(stbl: memoryview) -> SampleTable:
    """Raises NotPlain."""
    return SampleTable(
        sizes=child(stbl, b"stsz"),
        runs=child(stbl, b"stsc"),
        offsets=child(stbl, b"stco"),
        large_offsets=child(stbl, b"co64"),
        composition=child(stbl, b"ctts"),
    )


def positions(table: SampleTable) -> array[int]:
    """Where each sample begins in the file, in bytes. Raises NotPlain."""
    sizes, count = _sizes(table)
    offsets = _offsets(table)
    run_lengths = _samples_of(table, len(offsets), count)
    before = array("Q", accumulate(islice(sizes, count), initial=0))
    firsts = array("Q", islice(accumulate(run_lengths, initial=0), len(run_lengths)))
    # All samples of a chunk lie as far from where they would be in one single run.
    shifts = map(sub, offsets, map(before.__getitem__, firsts))
    try:
        return array("Q", map(add, before, chain.from_iterable(map(repeat, shifts, run_lengths))))
    except OverflowError as exc:
        raise NotPlain("a sample lies before the file") from exc


def composition_offsets(table: SampleTable, count: int) -> array[int]:
    """By how many ticks each of `count` samples is composed after it is decoded (§8.6.1.3). Raises NotPlain."""
    if table.composition is None:
        return array("i", bytes(4 * count))
    entries = _entries(table.composition, columns=2)
    runs, offsets = entries[::2], array("i", entries[1::2].tobytes())  # signed in version 1, and by custom in version 0
    if sum(runs) < count:
        raise NotPlain("composition offsets are missing")
    return array("i", islice(chain.from_iterable(map(repeat, offsets, runs)), count))


def _sizes(table: SampleTable) -> tuple[Iterable[int], int]:
    if table.sizes is None or len(table.sizes) < _FULL + 8:
        raise NotPlain("no sample sizes")
    constant, count = struct.unpack_from(">II", table.sizes, _FULL)
    if count > MAX_SAMPLES:
        raise NotPlain(f"{count} samples")
    if constant:
        return repeat(constant, count), count
    return _numbers(table.sizes[_FULL + 8 :], count), count


def _offsets(table: SampleTable) -> Sequence[int]:
    if table.offsets is not None:
        return _entries(table.offsets, columns=1)
    if table.large_offsets is None or len(table.large_offsets) < _FULL + 4:
        raise NotPlain("no chunk offsets")
    (count,) = struct.unpack_from(">I", table.large_offsets, _FULL)
    body = table.large_offsets[_FULL + 4 :]
    if count * 8 > len(body):
        raise NotPlain(f"{count} chunk offsets in {len(body)} bytes")
    found = array("Q", bytes(body[: count * 8]))
    if sys.byteorder == "little":
        found.byteswap()
    return found


def _samples_of(table: SampleTable, chunks: int, samples: int) -> array[int]:
    """Samples in each chunk, up to the one that holds the last sample (§8.7.4)."""
    if table.runs is None:
        raise NotPlain("no sample-to-chunk table")
    entries = _entries(table.runs, columns=3)
    firsts, counts = entries[::3], entries[1::3]
    nexts = [*firsts, chunks + 1][1:]
    if len(firsts) and (firsts[0] != 1 or any(map(ge, firsts, nexts))):
        raise NotPlain("runs of chunks out of order")
    runs = (repeat(count, end - first) for first, end, count in zip(firsts, nexts, counts, strict=True))
    found = array("I", chain.from_iterable(runs))
    ends = array("Q", accumulate(found))
    last = bisect_left(ends, samples)
    if last == len(found) and samples:
        raise NotPlain("samples without a chunk")
    if samples:
        found[last] -= ends[last] - samples
    return found[: last + 1] if samples else found[:0]


def _entries(box: memoryview, *, columns: int) -> array[int]:
    """The numbers of a table of 32-bit columns, row by row."""
    if len(box) < _FULL + 4:
        raise NotPlain("a table without a length")
    (count,) = struct.unpack_from(">I", box, _FULL)
    return _numbers(box[_FULL + 4 :], count * columns)


def _numbers(body: memoryview, count: int) -> array[int]:
    if count * 4 > len(body):
        raise NotPlain(f"{count} numbers in {len(body)} bytes")
    found = array("I" if _LONG else "L", bytes(body[: count * 4]))
    if sys.byteorder == "little":
        found.byteswap()
    return found
