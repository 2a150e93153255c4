from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st

from transcoder.probe.packing import pack, unpack


@given(st.lists(st.integers(-(2**62), 2**62 - 1), max_size=50).map(lambda found: [number // 2 for number in found]))
def test_what_is_packed_is_unpacked(numbers: list[int]) -> None:
    assert unpack(pack(numbers)) == array("q", numbers)
    assert unpack(pack(array("q", numbers))) == array("q", numbers)


def test_a_long_rising_list_is_short() -> None:
    assert len(pack(range(0, 512 * 432_000, 512))) < 40_000
