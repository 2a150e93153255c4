from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transcoder.per_title import curves
from transcoder.per_title.curves import CRFS, Probe, fit, unevenness
from transcoder.per_title.sampling import sampling

if TYPE_CHECKING:
    from tests.transcoder.per_title.conftest import MakeProbes, MakeVideo


def test_three_sizes_tell_of_all(make_video: MakeVideo, make_probes: MakeProbes) -> None:
    video = make_video()
    all_probes = make_probes(video, 50)
    picked = sampling(video)
    assert picked is not None
    probed = {rung.id for rung in picked.probed}
    whole = fit(video, all_probes)
    few = fit(video, [probe for probe in all_probes if probe.rendition in probed])
    assert [curve.rendition for curve in few] == [f"v{size}-1" for size in (234, 360, 432, 540, 720, 1080)]
    for one, other in zip(whole, few, strict=True):
        for a, b in zip(one.points, other.points, strict=True):
            assert b.rate == pytest.approx(a.rate, rel=0.05)
            assert b.vmaf == pytest.approx(a.vmaf, abs=2)


def test_the_rate_is_the_mean_of_all_pieces(make_video: MakeVideo, make_probes: MakeProbes) -> None:
    video = make_video(640, 360)
    one = fit(video, make_probes(video, 50, pieces=1))
    three = fit(video, make_probes(video, 50, pieces=3))
    assert one[0].points[0].rate == pytest.approx(three[0].points[0].rate * 0.8, rel=0.01)
    assert unevenness(make_probes(video, 50, pieces=3)) == pytest.approx(1.2)
    assert unevenness(make_probes(video, 50, pieces=1)) == 1


def test_effort_takes_fewer_bits_for_the_same_quality(make_video: MakeVideo, make_probes: MakeProbes) -> None:
    video = make_video()
    probes = make_probes(video, 50)
    for plain, harder in zip(fit(video, probes), fit(video, probes, effort=True), strict=True):
        for place, point in enumerate(plain.points[:-3]):
            assert harder.points[place].rate == pytest.approx(1.13 * point.rate, rel=0.01)
            assert harder.points[place].vmaf >= point.vmaf
            # Between the qualities of two and three CRFs lower.
            assert plain.points[place + 3].vmaf <= harder.points[place + 3].vmaf <= point.vmaf
            assert harder.points[place + 3].rate < 0.85 * point.rate


def test_a_picture_that_is_as_good_as_can_be_stays_so(make_video: MakeVideo) -> None:
    video = make_video(416, 234)
    probes = [Probe(piece=0, rendition=video.rungs[0].id, crf=crf, rate=1e5 / crf, vmaf=99.5) for crf in (25, 33)]
    assert {point.vmaf for point in fit(video, probes)[0].points} == {99.5}


def test_the_ends_must_be_probed(make_video: MakeVideo, make_probes: MakeProbes) -> None:
    video = make_video()
    with pytest.raises(ValueError, match="smallest"):
        fit(video, [probe for probe in make_probes(video, 50) if probe.rendition != video.rungs[0].id])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keep=st.data())
def test_whatever_is_measured_curves_fall(make_video: MakeVideo, keep: st.DataObject) -> None:
    """Also when it makes no sense: a noise of a few pictures must not make a dearer point look worse."""
    width, height = keep.draw(st.sampled_from([(1920, 1080), (640, 360), (1088, 1920), (854, 480), (416, 234)]))
    video = make_video(width, height, keep.draw(st.sampled_from([25, 60])))
    probes = [
        Probe(
            piece=0, rendition=rung.id, crf=crf, rate=keep.draw(st.floats(1e3, 5e7)), vmaf=keep.draw(st.floats(0, 100))
        )
        for rung in video.rungs
        for crf in (25, 33)
    ]  # fmt: skip
    for curve in curves.fit(video, probes):
        assert [point.crf for point in curve.points] == list(CRFS)
        assert all(a.rate >= b.rate and a.vmaf >= b.vmaf for a, b in pairwise(curve.points))
        assert all(0 <= point.vmaf <= 100 and point.rate >= 1 for point in curve.points)
