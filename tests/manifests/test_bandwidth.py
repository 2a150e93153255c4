from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.bandwidth import Rates, measure, together


@pytest.mark.parametrize(
    ("sizes", "seconds", "target", "expected"),
    [
        ([500], [4], 4, Rates(peak=1000, average=1000)),
        ([500, 1000], [4, 4], 4, Rates(peak=2000, average=1500)),
        # a last segment shorter than half the target does not count alone, only with its neighbour
        ([500, 500], [4, 1], 4, Rates(peak=1600, average=1600)),
        ([500, 500], [4, 2], 4, Rates(peak=2000, average=1334)),
        # 1.5 × the target may be one run; a longer one may not
        ([100, 800, 100], [2, 2, 2], 4, Rates(peak=3200, average=1334)),
        # shorter than half the target in all: the average
        ([125], [1], 4, Rates(peak=1000, average=1000)),
    ],
)
def test_measure(sizes: list[int], seconds: list[int], target: int, expected: Rates) -> None:
    assert measure(sizes, seconds, timescale=1, target_duration=target) == expected


def test_ticks_are_exact() -> None:
    found = measure([1_000_000] * 2, [120 * 1001] * 2, timescale=30000, target_duration=4)
    assert found.peak == found.average == -(-8 * 1_000_000 * 30000 // (120 * 1001))


@pytest.mark.parametrize(("sizes", "ticks"), [([], []), ([1], []), ([1], [0])])
def test_measure_refuses(sizes: list[int], ticks: list[int]) -> None:
    with pytest.raises(ValueError, match="size and a duration"):
        measure(sizes, ticks, timescale=1, target_duration=1)


@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(1, 800)), min_size=1, max_size=12), st.integers(1, 8))
def test_measure_against_the_definition(segments: list[tuple[int, int]], target: int) -> None:
    sizes, ticks = zip(*segments, strict=True)
    runs = [
        (sum(sizes[first:last]), Fraction(sum(ticks[first:last]), 100))
        for first in range(len(sizes))
        for last in range(first + 1, len(sizes) + 1)
    ]
    rates = [8 * size / length for size, length in runs if Fraction(target, 2) <= length <= Fraction(3 * target, 2)]
    average = 8 * sum(sizes) / Fraction(sum(ticks), 100)
    found = measure(sizes, ticks, timescale=100, target_duration=target)
    assert 0 <= found.peak - max(*rates, average, average) < 1
    assert 0 <= found.average - average < 1


def test_together_is_the_dearest_combination() -> None:
    own = Rates(peak=1000, average=800)
    groups = [[Rates(peak=100, average=90), Rates(peak=120, average=70)], [Rates(peak=5, average=5)]]
    assert together(own, groups) == Rates(peak=1125, average=895)
    assert together(own, []) == own


def test_the_peak_is_no_less_than_the_average_where_a_dense_edge_is_too_short_to_count() -> None:
    rates = measure([100_000, 90_000], [148, 40], timescale=100, target_duration=1)
    assert rates.peak == rates.average
