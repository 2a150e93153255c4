from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from manifests.layout import AssetId, RenditionId
from streaming.catalog.ladders import view
from streaming.http.auth import Role
from transcoder import further_codecs, ladder
from transcoder.facts import write_ladder, write_plan
from transcoder.per_title.ladder import UNCHANGED, Chosen, Curve, Dropped, Ladder, Point
from transcoder.plan import Plan, SourceRef, VideoPlan
from transcoder.profile import Codec

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from infra.s3 import S3Store


def _plan() -> Plan:
    rungs = ladder.rungs(640, 360, rate=Fraction(25), version=1)
    video = VideoPlan(
        stream=0, rate=Fraction(25), frames=100, gop=50, segment=100, time_base=Fraction(1, 25), origin=0, starts=(0,),
        constant=True, interlaced=False, hdr=None, rotation=0, mirrored=False, width=640, height=360, rungs=rungs,
    )  # fmt: skip
    source = SourceRef(key="k", size=1, demuxer="mov")
    return Plan(asset=AssetId("asset"), version=1, source=source, video=video, audio=())


def _ladder(plan: Plan) -> Ladder:
    assert plan.video is not None
    small, large = plan.video.rungs
    return Ladder(
        target=94, sampled=(0,),
        curves=tuple(
            Curve(
                rendition=rung.id, width=rung.width, height=rung.height,
                points=(Point(crf=20, rate=400_000, vmaf=95), Point(crf=30, rate=100_000, vmaf=80)),
            )
            for rung in plan.video.rungs
        ),
        rungs=(
            Chosen(
                rendition=large.id, crf=21, maxrate=500_000, bufsize=500_000, bandwidth=640_000, rate=350_000, vmaf=94,
                effort=True,
            ),
        ),
        dropped=(Dropped(rendition=small.id, reason="nobody would see it"),),
    )  # fmt: skip


def test_other_codecs_are_shown_with_the_rung_that_they_follow() -> None:
    plan = _plan()
    assert plan.video is not None
    others = [replace(rung, id=RenditionId(f"{rung.id}-av1"), codec=Codec.AV1) for rung in plan.video.rungs]
    more = replace(plan, video=replace(plan.video, rungs=(*plan.video.rungs, *others)))
    shown = {rung.id: rung for rung in view(more, _ladder(plan)).rungs}
    dropped, kept = shown["v234-1-av1"], shown["v360-1-av1"]
    assert (dropped.listed, dropped.reason, dropped.crf, dropped.bitrate) == (False, "nobody would see it", None, None)
    assert (kept.listed, kept.codec, kept.bitrate) == (True, Codec.AV1, further_codecs.bits(Codec.AV1, 350_000))
    assert kept.crf == further_codecs.crf(Codec.AV1, 19), "what effort has bought"


def test_a_chosen_ladder_shows_what_was_dropped_and_why() -> None:
    plan = _plan()
    shown = view(plan, _ladder(plan))
    assert (shown.state, shown.target) == ("chosen", 94)
    small, large = shown.rungs
    assert (small.listed, small.reason, small.crf, small.bitrate) == (False, "nobody would see it", None, None)
    assert (large.listed, large.reason, large.crf, large.bitrate, large.vmaf) == (True, None, 21, 350_000, 94)
    assert (small.effort, large.effort) == (False, True)
    assert [(point.crf, point.bitrate, point.vmaf) for point in large.curve] == [(20, 400_000, 95), (30, 100_000, 80)]


def test_a_fixed_ladder_shows_its_rates() -> None:
    plan = _plan()
    for ladder_, state in ((None, "pending"), (UNCHANGED, "fixed")):
        shown = view(plan, ladder_)
        assert shown.state == state
        assert [(rung.width, rung.listed, rung.crf, rung.bitrate) for rung in shown.rungs] == [
            (416, True, 25, 145_000), (640, True, 24, 365_000),
        ]  # fmt: skip
        assert all(not rung.curve for rung in shown.rungs)
    assert view(replace(plan, video=None), UNCHANGED).rungs == []
    assert view(None, None).rungs == []


async def test_editors_read_it(
    client: httpx.AsyncClient, bearer: Callable[[Role], Awaitable[dict[str, str]]], store: S3Store
) -> None:
    editor = await bearer(Role.EDITOR)
    created = await client.post("/api/assets", json={"title": "Final"}, headers=editor)
    asset: str = created.json()["id"]
    url = f"/api/assets/{asset}/ladder"
    assert (await client.get(url)).status_code == 401
    assert (await client.get("/api/assets/none/ladder", headers=editor)).status_code == 404
    version: int = created.json()["version"]
    first: dict[str, Any] = (await client.get(url, headers=editor)).json()
    assert first == {"state": "pending", "target": None, "note": "", "rungs": []}
    plan = replace(_plan(), asset=AssetId(asset), version=version)
    await write_plan(store, plan)
    await write_ladder(store, plan.asset, version, _ladder(plan))
    answer = await client.get(url, headers=editor)
    assert answer.headers["cache-control"] == "private, no-cache"
    assert [(rung["id"], rung["listed"]) for rung in answer.json()["rungs"]] == [("v234-1", False), ("v360-1", True)]
