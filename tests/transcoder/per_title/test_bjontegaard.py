from __future__ import annotations

from math import isnan

import pytest

from transcoder.per_title.bjontegaard import bd_rate, rising

LADDER = [(145e3, 24.0), (365e3, 57.0), (730e3, 73.0), (2000e3, 87.0), (3000e3, 95.0)]


def test_a_ladder_against_itself_saves_nothing() -> None:
    assert bd_rate(LADDER, LADDER) == pytest.approx(0)


@pytest.mark.parametrize("factor", [0.5, 0.8, 1.25])
def test_the_same_quality_for_a_part_of_the_bits(factor: float) -> None:
    assert bd_rate([(rate * factor, vmaf) for rate, vmaf in LADDER], LADDER) == pytest.approx(factor - 1)


def test_only_qualities_that_both_reach_count() -> None:
    cheaper_top = [*LADDER[:-1], (2500e3, 95.0)]
    assert -0.05 < bd_rate(cheaper_top, LADDER) < 0
    assert isnan(bd_rate([(1e6, 10.0), (2e6, 20.0)], LADDER[2:]))


def test_a_rung_that_looks_no_better_than_a_cheaper_one_is_left_out() -> None:
    assert rising([(3e6, 90), (1e6, 80), (2e6, 79), (4e6, 90)]) == [(1e6, 80), (3e6, 90)]


def test_of_two_rungs_of_one_rate_the_better_counts() -> None:
    assert rising([(1e6, 80), (2e6, 85), (2e6, 90), (3e6, 95)]) == [(1e6, 80), (2e6, 90), (3e6, 95)]
    assert bd_rate([*LADDER, (2000e3, 88.0)], [*LADDER, (2000e3, 88.0)]) == pytest.approx(0)
