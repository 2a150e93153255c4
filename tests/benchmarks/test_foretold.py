from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.foretold import Said, errors


def said(*rows: tuple[float, int, int | None]) -> list[Said]:
    return [Said(at=at, percent=percent, eta_s=eta_s, cpu=2 * at) for at, percent, eta_s in rows]


def test_who_was_right_has_no_error() -> None:
    found = errors(said((0, 0, None), (25, 25, 75), (50, 50, 50), (99, 99, 1)), end=100, cpu=200)
    assert found is not None
    assert (found.eta, found.eta_p95, found.bias, found.of_the_rest) == (0, 0, 0, 0)
    assert (found.by_time, found.by_cpu) == (0, 0)
    assert (found.looks, found.known) == (3, 1)


def test_errors_are_shares_of_the_whole_time_and_of_the_rest() -> None:
    found = errors(said((50, 50, 70), (75, 75, 20), (80, 80, 20)), end=100, cpu=200)
    assert found is not None
    # 120, 95 and 100 instead of 100.
    assert found.eta == pytest.approx(0.20)
    assert found.bias == pytest.approx(0.05)
    assert found.of_the_rest == pytest.approx(5 / 25)


def test_what_was_said_before_a_quarter_counts_for_the_percentage_only() -> None:
    found = errors(said((40, 10, 500), (60, 60, 40)), end=100, cpu=200)
    assert found is not None
    assert found.eta == 0
    assert found.by_time == pytest.approx(0.3)


def test_looks_without_a_time_are_counted() -> None:
    found = errors(said((30, 30, None), (60, 60, 40)), end=100, cpu=200)
    assert found is not None
    assert found.known == 0.5


def test_nothing_foretold() -> None:
    assert errors([], end=100, cpu=200) is None
    assert errors(said((30, 30, None)), end=100, cpu=200) is None


@given(st.floats(1, 1e5), st.floats(0.5, 2), st.integers(25, 99))
def test_the_error_is_that_of_the_pace(end: float, pace: float, percent: int) -> None:
    at = end * percent / 100
    left = math.floor(pace * (end - at))
    found = errors([Said(at=at, percent=percent, eta_s=left)], end=end, cpu=0)
    assert found is not None
    assert found.eta == pytest.approx(abs(at + left - end) / end)
