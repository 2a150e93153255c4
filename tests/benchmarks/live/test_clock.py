from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.live import clock

MOMENTS = st.integers(min_value=0, max_value=1 << 43)


@given(MOMENTS)
def test_what_is_drawn_is_read(now_ms: int) -> None:
    assert clock.read(clock.blocks(now_ms)) == now_ms % (1 << clock.BITS)


@given(MOMENTS, st.integers(min_value=0, max_value=clock.BLOCKS - 1))
def test_a_block_that_was_turned_over_is_noticed(now_ms: int, place: int) -> None:
    seen = list(clock.blocks(now_ms))
    seen[place] = not seen[place]
    assert clock.read(seen) is None


def test_a_strip_has_a_block_in_each_fortieth_of_its_width() -> None:
    drawn = clock.strip(1 << 31, width=80, height=2)
    assert drawn[:4] == bytes([clock.WHITE] * 2 + [clock.BLACK] * 2)
    assert drawn[:80] == drawn[80:]
    assert len(drawn) == 160
