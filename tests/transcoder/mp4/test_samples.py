from __future__ import annotations

import struct
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcoder.mp4.boxes import NotPlain
from transcoder.mp4.samples import MAX_SAMPLES, SampleTable, composition_offsets, positions


def _full(*numbers: int, long: bool = False) -> memoryview:
    return memoryview(bytes(4) + struct.pack(f">I{len(numbers) - 1}{'Q' if long else 'I'}", *numbers))


def _table(
    *,
    sizes: memoryview | None = None,
    runs: memoryview | None = None,
    offsets: memoryview | None = None,
    large_offsets: memoryview | None = None,
    composition: memoryview | None = None,
) -> SampleTable:
    return SampleTable(sizes=sizes, runs=runs, offsets=offsets, large_offsets=large_offsets, composition=composition)


def _sizes(*sizes: int) -> memoryview:
    return _full(0, len(sizes), *sizes)


def test_samples_lie_end_to_end_in_their_chunks() -> None:
    sizes, chunks = _sizes(10, 20, 30, 40, 50), _full(2, 1, 2, 1, 3, 1, 1)
    table = _table(sizes=sizes, runs=chunks, offsets=_full(3, 1000, 500, 2000))
    assert list(positions(table)) == [1000, 1010, 500, 530, 2000]
    table = _table(sizes=sizes, runs=chunks, large_offsets=_full(3, 1 << 40, 500, 2000, long=True))
    assert positions(table)[:2].tolist() == [1 << 40, (1 << 40) + 10]


def test_samples_of_one_size() -> None:
    table = _table(sizes=_full(7, 4), runs=_full(1, 1, 3, 1), offsets=_full(2, 100, 200))
    assert list(positions(table)) == [100, 107, 114, 200]


@given(st.lists(st.lists(st.integers(0, 2**20), min_size=1, max_size=5), min_size=1, max_size=8), st.randoms())
def test_any_chunks(groups: list[list[int]], random: object) -> None:
    places = [1000 * number + (hash(str(random)) & 0xFF) for number in range(len(groups))]
    entries = [word for number, group in enumerate(groups, 1) for word in (number, len(group), 1)]
    table = _table(
        sizes=_sizes(*(size for group in groups for size in group)),
        runs=_full(len(groups), *entries),
        offsets=_full(len(places), *places),
    )
    meant = [
        at for place, group in zip(places, groups, strict=True) for at in list(accumulate(group, initial=place))[:-1]
    ]
    assert list(positions(table)) == meant


COMPOSITIONS = [
    (None, 3, [0, 0, 0]),
    (_full(2, 1, 512, 2, 1024), 3, [512, 1024, 1024]),
    (_full(2, 1, 2**32 - 512, 2, 0), 3, [-512, 0, 0]),
    (_full(1, 2**32 - 1, 5), 3, [5, 5, 5]),
]


@pytest.mark.parametrize(("box", "count", "offsets"), COMPOSITIONS)
def test_composition_offsets(box: memoryview | None, count: int, offsets: list[int]) -> None:
    assert list(composition_offsets(_table(composition=box), count)) == offsets


_ONE = {"sizes": _sizes(1), "runs": _full(1, 1, 1, 1), "offsets": _full(1, 8)}

HOSTILE = {
    "no sizes": {"sizes": None},
    "a short size box": {"sizes": memoryview(bytes(8))},
    "more sizes than bytes": {"sizes": _full(0, 1 << 31)},
    "samples without an end": {"sizes": _full(1, MAX_SAMPLES + 1)},
    "no offsets": {"offsets": None},
    "more offsets than bytes": {"offsets": _full(1 << 31)},
    "more large offsets than bytes": {"offsets": None, "large_offsets": _full(1 << 31)},
    "no chunks": {"runs": None},
    "chunks that lack samples": {"sizes": _sizes(1, 1)},
    "chunks that do not begin at one": {"runs": _full(1, 2, 1, 1)},
    "chunks that go back": {"runs": _full(2, 1, 1, 1, 1, 1, 1)},
    "chunks that nobody has": {"runs": _full(2, 1, 1, 1, 3, 1, 1)},
    "no length": {"runs": memoryview(bytes(4))},
}


@pytest.mark.parametrize("part", HOSTILE.values(), ids=list(HOSTILE))
def test_tables_that_cannot_be_true_are_refused(part: dict[str, memoryview | None]) -> None:
    with pytest.raises(NotPlain):
        positions(_table(**{**_ONE, **part}))


def test_composition_offsets_that_are_missing_are_refused() -> None:
    with pytest.raises(NotPlain):
        composition_offsets(_table(composition=_full(1, 2, 512)), 3)
    with pytest.raises(NotPlain):
        composition_offsets(_table(composition=_full(1 << 31)), 3)


def test_a_chunk_that_claims_all_samples_costs_no_memory() -> None:
    table = _table(sizes=_sizes(5, 6), runs=_full(1, 1, 2**32 - 1, 1), offsets=_full(1, 8))
    assert list(positions(table)) == [8, 13]
