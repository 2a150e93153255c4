from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.hls import decimals


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(4), "4"),
        (Fraction(1001, 250), "4.004"),
        (Fraction(1, 10**6), "0.000001"),
        (Fraction(0), "0"),
        (Fraction(100), "100"),
    ],
)
def test_render(value: Fraction, text: str) -> None:
    assert decimals.render(value) == text
    assert decimals.parse(text) == value


def test_render_padded() -> None:
    assert decimals.render(Fraction(2997, 100), places=3, pad=True) == "29.970"


@pytest.mark.parametrize("value", [Fraction(1, 3), Fraction(1, 10**7), Fraction(-1)])
def test_what_has_no_exact_form_is_refused(value: Fraction) -> None:
    with pytest.raises(ValueError, match="no exact decimal form"):
        decimals.render(value)


@pytest.mark.parametrize("text", ["", "-1", "+1", "1e3", ".5", "5.", "1.2.3", "٣", "1 ", "nan", "1_0"])
def test_parse_refuses(text: str) -> None:
    with pytest.raises(ValueError, match="no decimal number"):
        decimals.parse(text)


@pytest.mark.parametrize(
    ("value", "places", "expected"),
    [
        (Fraction(30000, 1001), 3, Fraction(29970, 1000)),
        (Fraction(24000, 1001), 3, Fraction(23976, 1000)),
        (Fraction(5, 2), 0, Fraction(3)),
        (Fraction(249, 100), 0, Fraction(2)),
    ],
)
def test_round_half_up(value: Fraction, places: int, expected: Fraction) -> None:
    assert decimals.round_half_up(value, places) == expected


@given(st.fractions(min_value=0, max_value=10**6), st.integers(min_value=0, max_value=9))
def test_round_up(value: Fraction, places: int) -> None:
    rounded = decimals.round_up(value, places)
    assert (rounded * 10**places).denominator == 1
    assert 0 <= rounded - value < Fraction(1, 10**places)


@given(
    st.lists(st.integers(min_value=1, max_value=10**6), min_size=1, max_size=200),
    st.sampled_from([25, 24000, 30000, 44100, 48000, 60000, 90000]),
)
def test_sums_of_durations_never_drift(ticks: list[int], timescale: int) -> None:
    found = decimals.durations(ticks, timescale=timescale)
    for index in range(len(ticks)):
        exact = Fraction(sum(ticks[: index + 1]), timescale)
        assert abs(sum(found[: index + 1]) - exact) <= Fraction(1, 2 * 10**6)
    assert all(decimals.parse(decimals.render(duration)) == duration for duration in found)
