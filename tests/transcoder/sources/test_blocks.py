from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from transcoder.sources.blocks import BLOCK, RUN, blocks_of, in_runs, merged

PLACES = st.integers(0, 300)
SPANS = st.lists(st.tuples(PLACES, PLACES))


@given(SPANS, st.integers(0, 3))
def test_merged_spans_hold_the_same_bytes_in_rising_order(spans: list[tuple[int, int]], slack: int) -> None:
    found = merged(spans, slack=slack)
    wanted = {place for start, end in spans if start < end for place in range(max(0, start - slack), end + slack)}
    assert [place for start, end in found for place in range(start, end)] == sorted(wanted)
    assert all(before[1] < after[0] for before, after in pairwise(found))


def test_a_span_lies_in_the_blocks_that_hold_any_byte_of_it() -> None:
    assert blocks_of((0, 1)) == range(1)
    assert blocks_of((BLOCK - 1, BLOCK + 1)) == range(2)
    assert blocks_of((BLOCK, 2 * BLOCK)) == range(1, 2)
    assert list(blocks_of((5, 5))) == []


def test_runs_are_requests_of_bounded_length() -> None:
    assert list(in_runs(range(3, 5 + 2 * RUN))) == [
        range(3, 3 + RUN), range(3 + RUN, 3 + 2 * RUN), range(3 + 2 * RUN, 5 + 2 * RUN)
    ]  # fmt: skip
