from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transcoder.loudness import gain as gains
from transcoder.loudness.gain import NEAR_S, SAMPLE_S, SAMPLES, WHOLE_S, Gain, stretches
from transcoder.plan import AAC_FRAME, AudioPlan, Plan

_SECOND = 48_000 // AAC_FRAME


def _track(plan: Plan, frames: int) -> AudioPlan:
    return replace(plan.audio[0], samples=frames * AAC_FRAME, cuts=(0, frames))


@pytest.mark.parametrize("gain", [Gain(db=None), Gain(db=-3.25, loudness=-12.75), Gain(db=0.0)])
def test_what_was_written_is_read(gain: Gain) -> None:
    assert gains.load(gains.dump(gain)) == gain


def test_a_short_track_is_heard_whole(plan: Plan) -> None:
    assert stretches(_track(plan, WHOLE_S * _SECOND)) == (range(WHOLE_S * _SECOND),)


def test_of_what_would_have_to_be_fetched_only_the_beginning_is(plan: Plan) -> None:
    (found,) = stretches(_track(plan, 100_000), near=True)
    assert found == range(NEAR_S * 48_000 // AAC_FRAME)
    assert stretches(_track(plan, 10), near=True) == (range(10),)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frames=st.integers(min_value=WHOLE_S * _SECOND + 100, max_value=10**7))
def test_a_long_one_is_sampled_from_end_to_end(frames: int, plan: Plan) -> None:
    found = stretches(_track(plan, frames))
    assert len(found) == SAMPLES
    assert {len(stretch) for stretch in found} == {SAMPLE_S * 48_000 // AAC_FRAME}
    assert found[0].start >= 0
    assert found[-1].stop <= frames
    assert all(before.stop <= after.start for before, after in pairwise(found))
    assert found[0].start < frames / SAMPLES
    assert found[-1].stop > frames - frames / SAMPLES
