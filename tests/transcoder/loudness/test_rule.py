from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcoder.audio_mix import CEILING
from transcoder.loudness.rule import MAKE_UP, MOST, QUIET, gain_for, is_limited, made_up

_LOUDNESS = st.floats(min_value=-70, max_value=5)
_TARGET = st.floats(min_value=-31, max_value=-10)


@pytest.mark.parametrize(
    ("loudness", "gain"),
    [(None, 0.0), (-16.0, 0.0), (-8.83, -7.17), (-23.0, 7.0), (-38.4, 22.4), (-45.0, MOST), (-50.1, 0.0), (3.0, -19.0)],
)
def test_what_a_track_is_raised_by(loudness: float | None, gain: float) -> None:
    assert gain_for(loudness, -16) == gain


@given(_LOUDNESS, _TARGET)
def test_the_target_is_reached_or_the_most_is_given(loudness: float, target: float) -> None:
    gain = gain_for(loudness, target)
    assert gain <= MOST
    if loudness >= QUIET and target - loudness <= MOST:
        assert loudness + gain == pytest.approx(target, abs=0.01)


def test_what_the_limiter_takes_is_made_up_for() -> None:
    assert made_up(6.0, 6.0, -17.5, -16) == 7.5
    assert made_up(6.0, 7.5, -16.2, -16) == 7.7
    assert made_up(6.0, 6.0, None, -16) == 6.0


@given(_LOUDNESS, _TARGET, st.floats(min_value=-70, max_value=0))
def test_a_try_stays_within_bounds(loudness: float, target: float, heard: float) -> None:
    first = gain_for(loudness, target)
    gain = made_up(first, first, heard, target)
    assert first - 0.01 <= gain <= min(first + MAKE_UP, max(first, MOST)) + 0.01


def test_the_limiter_works_from_its_ceiling_on() -> None:
    assert not is_limited(CEILING - 6, 6)
    assert is_limited(CEILING - 5.9, 6)
    assert not is_limited(None, 20)
