from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transcoder.describe import FIRST_VARIANT, multivariant
from transcoder.per_title.choose import NOTICED, SEEN, choose
from transcoder.per_title.curves import CRFS, fit
from transcoder.per_title.effort import own_second
from transcoder.per_title.ladder import Curve, Ladder, Point, apply
from transcoder.plan import Plan, SourceRef

if TYPE_CHECKING:
    from tests.transcoder.per_title.conftest import MakeProbes, MakeVideo


def test_an_easy_title_gets_few_rungs_and_few_bits(make_video: MakeVideo, make_probes: MakeProbes) -> None:
    video = make_video()
    rungs, dropped = choose(video, fit(video, make_probes(video, 10)), target=94)
    assert 2 <= len(rungs) < len(video.rungs)
    assert rungs[-1].rendition == "v1080-1"
    assert rungs[-1].rate < 1_000_000
    assert rungs[-1].vmaf == pytest.approx(94, abs=1)
    assert rungs[0].rate <= 145_000
    assert {each.rendition for each in dropped} == {r.id for r in video.rungs} - {r.rendition for r in rungs}
    assert all(each.reason for each in dropped)


def test_a_hard_title_keeps_its_rungs_and_the_caps(make_video: MakeVideo, make_probes: MakeProbes) -> None:
    video = make_video()
    rungs, dropped = choose(video, fit(video, make_probes(video, 160)), target=94)
    assert len(rungs) == len(video.rungs) - len(dropped) >= 5
    for rung, fixed in zip(rungs[::-1], video.rungs[::-1], strict=False):
        assert rung.maxrate <= fixed.maxrate


def test_a_soft_title_is_not_made_large(make_video: MakeVideo) -> None:
    """Where the smaller size reaches the target with far fewer bits, the largest goes."""
    video = make_video(1280, 720)
    curves = tuple(
        Curve(
            rendition=rung.id, width=rung.width, height=rung.height,
            points=tuple(
                Point(
                    crf=crf, rate=rung.width * rung.height * (40 - crf) // 8,
                    vmaf=96 - (crf - 18) * 1.2 - 3 * max(0, 540 - rung.height) / 100,
                )
                for crf in CRFS
            ),
        )
        for rung in video.rungs
    )  # fmt: skip
    rungs, dropped = choose(video, curves, target=94)
    assert rungs[-1].rendition == "v540-1"
    assert "fewer bits" in next(each.reason for each in dropped if each.rendition == "v720-1")


def test_the_target_is_what_the_top_rung_reaches(make_video: MakeVideo, make_probes: MakeProbes) -> None:
    video = make_video()
    curves = fit(video, make_probes(video, 30))
    tops = [choose(video, curves, target=target)[0][-1] for target in (85, 90, 95)]
    assert [top.vmaf for top in tops] == pytest.approx([85, 90, 95], abs=1.5)
    assert [top.rate for top in tops] == sorted(top.rate for top in tops)


def test_a_cap_leaves_room_for_the_busiest_piece(make_video: MakeVideo, make_probes: MakeProbes) -> None:
    video = make_video()
    curves = fit(video, make_probes(video, 20))
    even, uneven = (choose(video, curves, target=94, uneven=factor)[0] for factor in (1.0, 2.5))
    assert even[-1].maxrate == pytest.approx(1.5 * even[-1].rate, rel=0.01)
    assert uneven[-1].maxrate == pytest.approx(2.5 * uneven[-1].rate, rel=0.01)


def test_effort_goes_where_the_budget_gives_most_for_it(make_video: MakeVideo, make_probes: MakeProbes) -> None:
    video = make_video()
    probes = make_probes(video, 20)
    curves, harder = fit(video, probes), fit(video, probes, effort=True)
    whole = own_second(video, choose(video, curves, harder, target=94)[0])
    spent, tried = [], []
    for part in (1, 0.8, 0.6):
        rungs, _ = choose(video, curves, harder, target=94, budget=part * whole)
        spent.append(own_second(video, rungs) / whole)
        tried.append(sum(rung.effort for rung in rungs))
        assert spent[-1] <= part * 1.000001
    assert spent == sorted(spent, reverse=True)
    assert tried[0] >= 3
    assert choose(video, curves, harder, target=94, budget=1) == ((), ()), "nothing is as cheap as that"


def test_1_32_the_first_variant_is_the_nearest_to_two_megabits(make_video: MakeVideo, make_probes: MakeProbes) -> None:
    video = make_video()
    plan = Plan(
        asset="a", version=1, source=SourceRef(key="k", size=1, demuxer="mov"), video=video, audio=()
    )  # type: ignore[arg-type]  # fmt: skip
    for complexity in (5, 20, 60, 160):
        curves = fit(video, make_probes(video, complexity))
        rungs, dropped = choose(video, curves, target=94)
        ladder = Ladder(target=94, sampled=(), curves=curves, rungs=rungs, dropped=dropped)
        listed = multivariant(apply(plan, ladder), None, uri_of=str).variants
        averages = [variant.average_bandwidth or 0 for variant in listed]
        assert averages[0] == min(averages, key=lambda average: abs(average - FIRST_VARIANT))
        assert len(listed) == len(rungs)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keep=st.data())
def test_whatever_is_measured_the_ladder_is_sound(make_video: MakeVideo, keep: st.DataObject) -> None:
    sizes = st.tuples(st.integers(64, 2200), st.integers(64, 2200))
    video = make_video(*(side - side % 2 for side in keep.draw(sizes)), keep.draw(st.sampled_from([24, 30, 60])))
    curves = []
    for rung in video.rungs:
        rate, vmaf = keep.draw(st.integers(1, 40_000_000)), keep.draw(st.floats(0, 100))
        fall, worse = keep.draw(st.floats(0.7, 1)), keep.draw(st.floats(0, 6))
        points = tuple(
            Point(crf=crf, rate=max(1, int(rate * fall**place)), vmaf=max(0.0, vmaf - worse * place))
            for place, crf in enumerate(CRFS)
        )
        curves.append(Curve(rendition=rung.id, width=rung.width, height=rung.height, points=points))
    rungs, dropped = choose(video, curves, target=94, uneven=keep.draw(st.floats(1, 5)))
    fixed = {rung.id: rung for rung in video.rungs}
    assert rungs, "something is left to play"
    assert sorted([*(rung.rendition for rung in rungs), *(each.rendition for each in dropped)]) == sorted(fixed)
    for rung in rungs:
        before = fixed[rung.rendition]
        assert rung.maxrate <= before.maxrate
        assert rung.bufsize <= before.bufsize
        assert rung.bandwidth <= before.bandwidth
        assert rung.rate <= before.average
        assert rung.crf in CRFS
    for low, high in pairwise(rungs):
        assert high.rate >= 1.39 * low.rate
        assert high.vmaf >= low.vmaf + SEEN
        assert high.rate <= 4.001 * low.rate or min(high.vmaf, 94) - low.vmaf <= NOTICED
        assert fixed[low.rendition].width * fixed[low.rendition].height <= (
            fixed[high.rendition].width * fixed[high.rendition].height
        )
    cheapest = min(point.rate for curve in curves for point in curve.points)
    lowest = min(rung.average for rung in video.rungs)
    assert rungs[0].rate <= max(lowest, cheapest) * 1.001, "bad networks are served"
