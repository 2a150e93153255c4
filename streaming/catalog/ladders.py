"""`GET /api/assets/{id}/ladder`: which rungs a title got and why, with the curves that they were chosen by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from starlette.routing import BaseRoute, Route

from manifests.layout import AssetId
from streaming.catalog.errors import AssetNotFound
from streaming.http.auth import Role, require
from streaming.http.body import json_response
from streaming.http.openapi import Reply, operation
from transcoder import further_codecs
from transcoder.facts import find_fixed_plan, find_ladder
from transcoder.per_title.ladder import apply, leader_of
from transcoder.profile import Codec

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from infra.ports import ObjectStore
    from streaming.catalog.service import Catalogue
    from transcoder.per_title.ladder import Ladder
    from transcoder.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """What a rung's picture size is expected to give at an encoder setting: b/s on average, VMAF from 0 to 100."""

    crf: int
    bitrate: int
    vmaf: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RungView:
    """`listed`: viewers are offered it. `bitrate` (b/s) and `vmaf` are what is expected; null where nobody measured.
    `effort`: CPU time that other rungs left goes into it. `reason` is why it was dropped."""

    id: str
    codec: Codec
    width: int
    height: int
    listed: bool
    crf: int | None
    bitrate: int | None
    vmaf: float | None
    effort: bool
    reason: str | None
    curve: list[CurvePoint]


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderView:
    """`state`: `pending` until it is known whether the title gets a ladder of its own, then `chosen` or `fixed`.

    `target` is the VMAF that the top rung aims at. Rungs go from small to large.
    """

    state: Literal["pending", "chosen", "fixed"]
    target: float | None
    note: str
    rungs: list[RungView]


def view(plan: Plan | None, ladder: Ladder | None) -> LadderView:
    """The ladder of an asset version as far as it is known."""
    video = None if plan is None else plan.video
    own = ladder if ladder is not None and ladder.rungs else None
    chosen = {rung.rendition: rung for rung in own.rungs} if own else {}
    reasons = {each.rendition: each.reason for each in own.dropped} if own else {}
    curves = {curve.rendition: curve for curve in own.curves} if own else {}
    now = None if plan is None else apply(plan, ladder).video
    listed = {rung.id: rung for rung in now.rungs} if now is not None else {}
    rungs = []
    for rung in sorted(video.rungs, key=lambda rung: rung.width * rung.height) if video else ():
        new, curve = chosen.get(rung.id), curves.get(rung.id)
        # A rung of another codec goes the way of the H.264 rung of its size.
        leader = None if video is None else leader_of(video, rung)
        led = chosen.get(leader) if leader is not None else None
        rungs.append(
            RungView(
                id=rung.id, codec=rung.codec, width=rung.width, height=rung.height, listed=rung.id in listed,
                crf=listed[rung.id].crf if rung.id in listed else None,
                bitrate=further_codecs.bits(rung.codec, led.rate) if led else None if own and leader else rung.average,
                vmaf=new.vmaf if new else None,
                effort=new.effort if new else False,
                reason=None if rung.id in listed or leader is None else reasons.get(leader),
                curve=[
                    CurvePoint(crf=point.crf, bitrate=point.rate, vmaf=point.vmaf)
                    for point in (curve.points if curve else ())
                ],
            )
        )  # fmt: skip
    return LadderView(
        state="chosen" if own else "fixed" if ladder is not None else "pending",
        target=own.target if own else None,
        note=ladder.note if ladder is not None else "",
        rungs=rungs,
    )


class LaddersApi:
    def __init__(self, catalogue: Catalogue, store: ObjectStore) -> None:
        self._catalogue = catalogue
        self._store = store

    @operation(
        summary="Read an asset's ladder",
        tag="catalogue",
        description="The rungs that are made and listed, those that were dropped and why, and the curves of rate and "
        "quality (VMAF) that they were chosen by.",
        role=Role.EDITOR,
        replies={200: Reply(description="The ladder", kind=LadderView)},
        errors=(AssetNotFound,),
    )
    async def ladder(self, request: Request) -> Response:
        await require(request, Role.EDITOR)
        asset = await self._catalogue.get(AssetId(request.path_params["id"]))
        plan = await find_fixed_plan(self._store, asset.id, asset.version)
        ladder = None if plan is None else await find_ladder(self._store, asset.id, asset.version)
        return json_response(view(plan, ladder), headers={"Cache-Control": "private, no-cache"})


def routes(catalogue: Catalogue, store: ObjectStore) -> list[BaseRoute]:
    api = LaddersApi(catalogue, store)
    return [Route("/api/assets/{id}/ladder", api.ladder, methods=["GET"])]
