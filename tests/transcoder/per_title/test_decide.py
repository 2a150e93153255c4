from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transcoder.per_title.bjontegaard import bd_rate
from transcoder.per_title.choose import worth
from transcoder.per_title.curves import Probe, fit
from transcoder.per_title.decide import decide
from transcoder.per_title.effort import fixed_points, fixed_second, own_second
from transcoder.per_title.ladder import Point
from transcoder.per_title.sampling import CRFS, Sampling, sampling

if TYPE_CHECKING:
    from tests.transcoder.per_title.conftest import MakeProbes, MakeVideo
    from transcoder.per_title.ladder import Curve, Ladder
    from transcoder.plan import VideoPlan


def _saved(video: VideoPlan, own: Ladder, plain: tuple[Curve, ...]) -> float:
    fixed = fixed_points(video, plain)
    return -bd_rate([(each.rate, each.vmaf) for each in own.rungs], [(point.rate, point.vmaf) for point in fixed])


def _picked(video: VideoPlan) -> Sampling:
    picked = sampling(video)
    assert picked is not None
    return picked


@pytest.mark.parametrize("complexity", [5, 20, 60, 160])
def test_effort_is_paid_by_what_the_fixed_ladder_would_cost(
    make_video: MakeVideo, make_probes: MakeProbes, complexity: float
) -> None:
    video = make_video()
    probes = make_probes(video, complexity)
    own = decide(video, _picked(video), probes, target=94, effort=True)
    assert any(rung.effort for rung in own.rungs)
    plain = fit(video, probes)
    assert own_second(video, own.rungs) <= fixed_second(video, plain)
    assert _saved(video, own, plain) > 0.05
    assert "fewer bits" in own.note
    harder = {curve.rendition: curve for curve in fit(video, probes, effort=True)}
    for rung, curve in (
        (rung, curve) for rung in own.rungs for curve in own.curves if curve.rendition == rung.rendition
    ):
        assert (curve == harder[rung.rendition]) is rung.effort, "the curve is of the encoder that is used"


def test_effort_is_worth_more_than_the_same_ladder_without(make_video: MakeVideo, make_probes: MakeProbes) -> None:
    video = make_video()
    probes = make_probes(video, 20)
    plain = fit(video, probes)
    with_it, without = (decide(video, _picked(video), probes, target=94, effort=effort) for effort in (True, False))
    assert not any(rung.effort for rung in without.rungs)
    assert _saved(video, with_it, plain) > _saved(video, without, plain) + 0.05


def test_a_title_that_gains_nothing_keeps_the_fixed_ladder(make_video: MakeVideo) -> None:
    """One rung, whose CRF is 25: the target asks for more, and more costs more CPU time."""
    video = make_video(416, 234, seconds=6000)
    probes = [
        Probe(piece=0, rendition=video.rungs[0].id, crf=crf, rate=1e5 * 0.9 ** (crf - 25), vmaf=90 - 2 * (crf - 25))
        for crf in CRFS
    ]
    found = decide(video, _picked(video), probes, target=94, effort=True)
    assert found.rungs == ()
    assert found.dropped == ()
    assert found.curves, "an editor sees why"
    assert "as good" in found.note


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keep=st.data())
def test_whatever_is_measured_it_is_no_dearer_and_no_worse(make_video: MakeVideo, keep: st.DataObject) -> None:
    sizes = st.sampled_from([(1920, 1080), (1280, 720), (640, 360), (1088, 1920), (720, 400)])
    video = make_video(*keep.draw(sizes), keep.draw(st.sampled_from([25, 60])), 3000)
    picked = _picked(video)
    probes = []
    for rung in picked.probed:
        rate, vmaf = keep.draw(st.floats(1e4, 4e7)), keep.draw(st.floats(5, 100))
        fall, worse = keep.draw(st.floats(0.2, 1)), keep.draw(st.floats(0, 40))
        low, high = CRFS
        probes += [
            Probe(piece=0, rendition=rung.id, crf=low, rate=rate, vmaf=vmaf),
            Probe(piece=0, rendition=rung.id, crf=high, rate=rate * fall, vmaf=max(0.0, vmaf - worse)),
        ]
    own = decide(video, picked, probes, target=94, effort=True)
    plain = fit(video, probes)
    assert own_second(video, own.rungs) <= fixed_second(video, plain) * 1.000001
    if own.rungs:
        points = [Point(crf=rung.crf, rate=rung.rate, vmaf=rung.vmaf) for rung in own.rungs]
        ours, theirs = (worth(each, video, target=94) for each in (points, fixed_points(video, plain)))
        assert ours >= theirs
