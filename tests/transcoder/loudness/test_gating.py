from __future__ import annotations

from math import log10

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcoder.loudness.gating import integrated

_LOUDNESS = st.floats(min_value=-69, max_value=0)


def test_a_steady_programme_is_as_loud_as_it_is() -> None:
    assert integrated([-23.0] * 50) == pytest.approx(-23)


@pytest.mark.parametrize(
    ("momentary", "loudness"),
    [
        pytest.param([], None, id="nothing"),
        pytest.param([-120.0, -70.5], None, id="silence"),
        # EBU Tech 3341, cases 3 and 4: what is quieter than the gate says nothing.
        pytest.param([-36.0] * 100 + [-23.0] * 600 + [-36.0] * 100, -23.0, id="quiet ends"),
        pytest.param([-72.0] * 100 + [-36.0] * 100 + [-23.0] * 600 + [-72.0] * 100, -23.0, id="silence too"),
        # Case 5: what lies within the gate counts.
        pytest.param([-26.0] * 200 + [-20.0] * 201 + [-26.0] * 200, -23.0, id="within the gate"),
    ],
)  # fmt: skip
def test_gates(momentary: list[float], loudness: float | None) -> None:
    assert integrated(momentary) == (None if loudness is None else pytest.approx(loudness, abs=0.1))


@given(st.lists(_LOUDNESS, min_size=1, max_size=50), st.floats(min_value=0, max_value=0.9))
def test_a_gain_moves_it_by_itself(momentary: list[float], gain: float) -> None:
    found, raised = integrated(momentary), integrated([value + gain for value in momentary])
    assert found is not None
    assert raised == pytest.approx(found + gain, abs=1e-6)


@given(st.lists(_LOUDNESS, min_size=1, max_size=50))
def test_it_lies_between_the_quietest_and_the_loudest(momentary: list[float]) -> None:
    found = integrated(momentary)
    assert found is not None
    assert min(momentary) - 1e-6 <= found <= max(momentary) + 1e-6
    mean = 10 * log10(sum(10 ** (value / 10) for value in momentary) / len(momentary))
    assert found >= mean - 1e-6, "gating leaves out what is quiet only"
