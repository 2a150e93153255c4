from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcoder.fields import field_interval, without_second_fields
from transcoder.growing.pictures import Reordering, SegmentStarts, WholePictures
from transcoder.probe.reordering import MOST
from transcoder.timeline import Grid

GRID = Grid(rate=Fraction(25), frames=1, time_base=Fraction(1, 1000), origin=0, constant=False)


def parts(stamps: list[int], sizes: list[int]) -> list[list[int]]:
    found = []
    for size in sizes:
        found.append(stamps[:size])
        stamps = stamps[size:]
    return [*found, stamps]


@pytest.mark.parametrize("most", [0, 1, 2, MOST])
def test_a_picture_is_settled_when_as_many_later_ones_came_as_the_stream_may_decode_before_it(most: int) -> None:
    reordering = Reordering(first=None, most=most, fields=False)
    assert reordering.take(range(most)) == []
    assert reordering.take([most, most + 1]) == [0, 1]


def test_fields_are_twice_as_many_and_the_other_one_of_the_picture() -> None:
    reordering = Reordering(first=None, most=2, fields=True)
    assert reordering.take(range(5)) == []
    assert reordering.take([5]) == [0]


@given(
    order=st.lists(st.integers(min_value=0, max_value=2000), min_size=1, unique=True).map(sorted),
    most=st.integers(min_value=0, max_value=MOST),
    data=st.data(),
)
def test_whatever_is_decoded_first_stamps_come_out_rising(order: list[int], most: int, data: st.DataObject) -> None:
    """Each picture is decoded after at most `most` that are shown behind it."""
    groups = [order[begin : begin + most + 1] for begin in range(0, len(order), most + 1)]
    decoding = [stamp for group in groups for stamp in data.draw(st.permutations(group))]
    reordering = Reordering(first=None, most=most, fields=False)
    settled = [
        stamp for part in parts(decoding, data.draw(st.lists(st.integers(0, 40)))) for stamp in reordering.take(part)
    ]
    assert settled == order[: len(settled)]
    assert len(settled) == max(0, len(order) - most)


def test_what_comes_before_the_first_picture_that_can_be_decoded_is_left_out() -> None:
    reordering = Reordering(first=5, most=2, fields=False)
    assert reordering.take(range(10)) == [5, 6, 7]
    # Pictures that refer to what came before the recording began are no sign of a wrong header.
    reordering = Reordering(first=5, most=2, fields=False)
    assert reordering.take([5, 2, 3, 4, 8, 6, 7, 11, 9]) == [5, 6, 7, 8]


def test_a_stamp_that_comes_twice_or_far_too_late_is_left_out() -> None:
    reordering = Reordering(first=None, most=MOST, fields=False)
    assert reordering.take([*range(10, 11 + MOST + 2), 12, 0, *range(60, 60 + MOST)])[:4] == [10, 11, 12, 13]


def test_a_stream_that_decodes_earlier_than_it_says_is_not_believed_from_there_on() -> None:
    reordering = Reordering(first=None, most=0, fields=False)
    assert reordering.take([0, 1, 5, 2, 6]) == [0, 1, 5]
    assert reordering.take(range(100 + MOST, 100, -1)) == [6]


@given(
    fields=st.lists(st.sampled_from([20, 20, 20, 40]), min_size=40, max_size=80),
    sizes=st.lists(st.integers(min_value=0, max_value=20), max_size=10),
)
def test_fields_that_travel_alone_are_paired_whatever_comes_when(fields: list[int], sizes: list[int]) -> None:
    stamps = [0]
    for step in [20] * 30 + fields:
        stamps.append(stamps[-1] + step)
    decoded = stamps[:16:2]
    half = field_interval(stamps, decoded)
    assert half == 20
    first, rest = stamps[:20], stamps[20:]
    pictures = WholePictures(first, decoded=decoded, interlaced=True)
    found = [*pictures.take(first)]
    for part in parts(rest, sizes):
        found += pictures.take(part)
    assert found == list(without_second_fields(stamps, half))


def test_pictures_of_a_progressive_source_are_whole() -> None:
    pictures = WholePictures([0, 40, 80], decoded=[0, 80], interlaced=False)
    assert list(pictures.take([0, 40, 80])) == [0, 40, 80]


@given(
    stamps=st.lists(st.integers(min_value=0, max_value=12_000), min_size=1, max_size=200, unique=True).map(sorted),
    sizes=st.lists(st.integers(min_value=0, max_value=50), max_size=10),
)
def test_segments_begin_with_the_picture_that_the_whole_would_show_there(stamps: list[int], sizes: list[int]) -> None:
    growing = SegmentStarts(GRID, segment=50)
    for part in parts(stamps, sizes):
        growing.take(part)
    assert growing.whole == GRID.slot(stamps[-1]) // 50
    assert growing.starts[: growing.whole] == [GRID.shown(stamps, 50 * number) for number in range(growing.whole)]
