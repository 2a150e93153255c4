"""`GET /api/assets/{id}/sound`: how loud the sound of an asset is, and by how much it was raised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from starlette.routing import BaseRoute, Route

from manifests.layout import AssetId
from streaming.catalog.errors import AssetNotFound
from streaming.http.auth import Role, require
from streaming.http.body import json_response
from streaming.http.openapi import Reply, operation
from transcoder.facts import find_fixed_plan, find_loudness, read_profile
from transcoder.plan import SoundKind

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from infra.ports import ObjectStore
    from streaming.catalog.service import Catalogue
    from transcoder.loudness.verdict import Verdict
    from transcoder.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackView:
    """A sound rendition. `loudness` (LUFS) and `peak` (dBTP) are the source's, null for silence or what nobody has
    measured; `gain` is by how many dB it was raised, `result` how loud that makes it (LUFS)."""

    id: str
    name: str
    language: str
    kind: SoundKind
    channels: int
    default: bool
    loudness: float | None
    peak: float | None
    gain: float | None
    result: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundView:
    """`state`: `off` where the profile leaves the sound as it is, `pending` until it is measured, `measured`. `target`
    in LUFS; `note` says why there is no measurement."""

    state: Literal["off", "pending", "measured"]
    target: float | None
    note: str
    tracks: list[TrackView]


def view(plan: Plan | None, verdict: Verdict | None, *, target: float | None) -> SoundView:
    """The sound of an asset version as far as it is known."""
    heard = {} if verdict is None else {track.rendition: track for track in verdict.tracks}
    tracks = []
    for track in plan.audio if plan is not None else ():
        found = heard.get(track.id)
        tracks.append(
            TrackView(
                id=track.id if found is None or found.renewed is None else found.renewed, name=track.name,
                language=track.language, kind=track.kind, channels=track.channels, default=track.default,
                loudness=None if found is None else found.loudness, peak=None if found is None else found.peak,
                gain=None if found is None else found.gain, result=None if found is None else found.heard,
            )
        )  # fmt: skip
    return SoundView(
        state="off" if target is None else "pending" if verdict is None else "measured",
        target=target,
        note="" if verdict is None else verdict.note,
        tracks=tracks,
    )


class SoundApi:
    def __init__(self, catalogue: Catalogue, store: ObjectStore) -> None:
        self._catalogue = catalogue
        self._store = store

    @operation(
        summary="Read how loud an asset is",
        tag="catalogue",
        description="Measured by EBU R 128, for each sound rendition, with the gain that brings it to the target.",
        role=Role.EDITOR,
        replies={200: Reply(description="The sound", kind=SoundView)},
        errors=(AssetNotFound,),
    )
    async def sound(self, request: Request) -> Response:
        await require(request, Role.EDITOR)
        asset = await self._catalogue.get(AssetId(request.path_params["id"]))
        plan = await find_fixed_plan(self._store, asset.id, asset.version)
        verdict = None if plan is None else await find_loudness(self._store, asset.id, asset.version)
        target = (await read_profile(self._store, asset.id, asset.version)).loudness
        return json_response(view(plan, verdict, target=target), headers={"Cache-Control": "private, no-cache"})


def routes(catalogue: Catalogue, store: ObjectStore) -> list[BaseRoute]:
    api = SoundApi(catalogue, store)
    return [Route("/api/assets/{id}/sound", api.sound, methods=["GET"])]
