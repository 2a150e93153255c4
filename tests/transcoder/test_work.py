from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.layout import RenditionId
from transcoder.remaining import expected
from transcoder.work import Sample, time_left, total_work, work_of

if TYPE_CHECKING:
    from transcoder.plan import Plan


def test_a_segment_counts_by_its_pixels(plan: Plan) -> None:
    large, small = work_of(plan, RenditionId("v180-1"), 0), work_of(plan, RenditionId("v90-1"), 0)
    assert (large, small) == (100 * (320 * 180 + 60_000) // 1000, 100 * (160 * 90 + 60_000) // 1000)
    assert 0 < work_of(plan, RenditionId("a1-1"), 0) < small
    assert work_of(plan, RenditionId("v90-1"), None) == 0


def test_the_whole_is_the_sum_of_its_objects(plan: Plan) -> None:
    assert total_work(plan) == total_work(plan, expected(plan)) == sum(work_of(plan, *name) for name in expected(plan))


def test_what_the_plan_lacks(plan: Plan) -> None:
    with pytest.raises(KeyError):
        work_of(plan, RenditionId("v1080-1"), 0)
    with pytest.raises(IndexError):
        work_of(plan, RenditionId("v90-1"), 20)


def trace(*pairs: tuple[float, int]) -> tuple[Sample, ...]:
    return tuple(Sample(at=at, work=work) for at, work in pairs)


@pytest.mark.parametrize(
    ("samples", "now", "left"),
    [
        pytest.param((), 0, None, id="nothing landed"),
        pytest.param(((0, 0), (1, 30)), 1, None, id="one sample says nothing of the pace"),
        pytest.param(((0, 0), (1, 1), (2, 4)), 2, None, id="less than a twentieth"),
        pytest.param(((0, 0), (1, 10), (2, 20)), 2, 8, id="ten a second"),
        pytest.param(((0, 0), (1, 10), (2, 20)), 2.5, 7.5, id="time goes on between two samples"),
        pytest.param(((0, 0), (1, 10), (2, 20)), 3, 7, id="the next sample is due"),
        pytest.param(((0, 0), (1, 10), (2, 20)), 4, 15, id="overdue: the pace falls"),
        pytest.param(((0, 0), (10, 10), (12, 30)), 12, 7, id="the later half's pace"),
        pytest.param(((0, 50), (1, 60), (2, 70)), 2, 3, id="counting began in the middle"),
        pytest.param(((0, 0), (1, 50), (2, 100)), 2, 0, id="done"),
        pytest.param(((0, 0), (1, 50), (2, 130)), 2, 0, id="more than all"),
        pytest.param(((0, 20), (1, 20), (2, 20)), 2, None, id="no work between the samples"),
    ],
)
def test_time_left(samples: tuple[tuple[float, int], ...], now: float, left: float | None) -> None:
    found = time_left(trace(*samples), total=100, now=now)
    assert found == (None if left is None else timedelta(seconds=left))


@given(st.integers(0, 2**32), st.floats(0.25, 0.99))
def test_a_quarter_in_the_end_is_foretold_within_15_percent(seed: int, share: float) -> None:
    """Windows of uneven cost, one after another, and a slow start: the error is of the time that the whole takes."""
    random, samples, at, work = Random(seed), [Sample(at=0.0, work=0)], 0.0, 0
    for step in range(200):
        at += random.uniform(0.6, 1.4) * (3 if step < 4 else 1)
        work += 50
        samples.append(Sample(at=at, work=work))
    known = tuple(sample for sample in samples if sample.work <= share * work)
    now = known[-1].at
    left = time_left(known, total=work, now=now)
    assert left is not None
    assert abs(now + left.total_seconds() - at) <= 0.15 * at
