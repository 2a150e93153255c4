from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from manifests.layout import RenditionId
from transcoder import further_codecs
from transcoder.per_title.ladder import UNCHANGED, Chosen, Curve, Dropped, Ladder, Point, apply, dump, load
from transcoder.plan import Plan, SourceRef
from transcoder.profile import Codec

if TYPE_CHECKING:
    from tests.transcoder.per_title.conftest import MakeVideo

V234, V360, V540 = (RenditionId(f"v{size}-1") for size in (234, 360, 540))


def _plan(make_video: MakeVideo) -> Plan:
    source = SourceRef(key="k", size=1, demuxer="mov")
    return Plan(asset="a", version=1, source=source, video=make_video(960, 540), audio=())  # type: ignore[arg-type]


def _ladder() -> Ladder:
    return Ladder(
        target=94, sampled=(2, 5),
        curves=(Curve(rendition=V540, width=960, height=540, points=(Point(crf=18, rate=10, vmaf=99.5),)),),
        rungs=(
            Chosen(rendition=V360, crf=30, maxrate=150_000, bufsize=140_000, bandwidth=200_000, rate=100_000, vmaf=80),
            Chosen(rendition=V540, crf=26, maxrate=450_000, bufsize=440_000, bandwidth=600_000, rate=300_000, vmaf=94,
                   effort=True),
        ),
        dropped=(Dropped(rendition=V234, reason="why"), Dropped(rendition=RenditionId("v432-1"), reason="why")),
    )  # fmt: skip


def test_the_rungs_that_stay_get_their_rates(make_video: MakeVideo) -> None:
    plan = _plan(make_video)
    now = apply(plan, _ladder()).video
    assert now is not None
    assert plan.video is not None
    assert [(rung.id, rung.crf, rung.maxrate, rung.bufsize, rung.bandwidth) for rung in now.rungs] == [
        (V360, 30, 150_000, 140_000, 200_000), (V540, 26, 450_000, 440_000, 600_000),
    ]  # fmt: skip
    assert [rung.effort for rung in now.rungs] == [False, True]
    before = {rung.id: rung for rung in plan.video.rungs}
    for rung in now.rungs:
        same = ("id", "width", "height", "divisor", "profile", "level", "codecs")
        assert all(getattr(rung, name) == getattr(before[rung.id], name) for name in same), "what players were told"


def test_other_codecs_go_with_the_rung_of_their_size(make_video: MakeVideo) -> None:
    plan = _plan(make_video)
    assert plan.video is not None
    small = replace(plan.video.rungs[0], id=RenditionId("v90-hevc-1"), width=160, height=90, codec=Codec.HEVC)
    others = [replace(rung, id=RenditionId(f"{rung.id}-hevc"), codec=Codec.HEVC) for rung in plan.video.rungs]
    video = apply(replace(plan, video=replace(plan.video, rungs=(*plan.video.rungs, *others, small))), _ladder()).video
    assert video is not None
    found = {rung.id: rung for rung in video.only(Codec.HEVC).rungs}
    assert list(found) == ["v360-1-hevc", "v540-1-hevc", "v90-hevc-1"]
    leader, large = found[RenditionId("v360-1-hevc")], found[RenditionId("v540-1-hevc")]
    assert leader.crf == further_codecs.crf(Codec.HEVC, 30)
    # Effort has made its leader as good as a CRF two lower; it is x264's alone.
    assert (large.crf, large.effort) == (further_codecs.crf(Codec.HEVC, 24), False)
    assert 0.6 * 450_000 < large.maxrate < 0.8 * 450_000
    assert found[RenditionId("v90-hevc-1")] == small, "where H.264 has no such size nothing changes"


def test_a_dropped_rung_may_stay_as_it_was(make_video: MakeVideo) -> None:
    plan = _plan(make_video)
    now = apply(plan, _ladder(), keeping=V234).video
    assert now is not None
    assert plan.video is not None
    assert [rung.id for rung in now.rungs] == [V234, V360, V540]
    assert now.rungs[0] == plan.video.rungs[0]


def test_no_ladder_changes_nothing(make_video: MakeVideo) -> None:
    plan = _plan(make_video)
    assert apply(plan, None) is plan
    assert apply(plan, UNCHANGED) is plan


def test_it_is_read_as_it_was_written() -> None:
    assert load(dump(_ladder())) == _ladder()
