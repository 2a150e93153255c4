"""`/api/assets/{id}/poster`: which picture stands for an asset.

An editor's choice is an object in the bucket. It holds as long as the picture exists: when the source is replaced, the
best candidate of the new one takes its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from starlette.routing import BaseRoute, Route

from infra.errors import ObjectNotFound
from manifests import layout
from manifests.layout import AssetId
from streaming.catalog.errors import AssetNotFound, NoCandidates
from streaming.http.auth import Role, require
from streaming.http.body import InvalidField, MalformedJson, json_response, read_json
from streaming.http.openapi import Content, Reply, operation
from transcoder.facts import JSON, find_plan, find_stills

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from infra.ports import ObjectStore
    from streaming.catalog.service import Catalogue


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The candidate `name` of version `version`."""

    version: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPoster:
    """`candidate`: the name of one of the candidates; null for the best."""

    candidate: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateView:
    """A picture at `at_s` seconds; `score` is how good it seems, higher is better."""

    name: str
    url: str
    at_s: float
    score: float
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PosterView:
    """`url` of the poster as viewers get it; candidates best first. `by_hand`: an editor chose it."""

    url: str
    by_hand: bool
    candidates: list[CandidateView]


async def poster_key(store: ObjectStore, asset: AssetId, version: int) -> str | None:
    """The object that is the poster of an asset whose version `version` is played; None if there is none yet."""
    chosen = await _chosen(store, asset, version)
    if chosen is None:
        stills = await find_stills(store, asset, version)
        if stills is None or not stills.candidates:
            return None
        chosen = stills.candidates[0].name
    return layout.still(asset, version, chosen)


async def _chosen(store: ObjectStore, asset: AssetId, version: int) -> str | None:
    """The name of the candidate of this version that an editor chose."""
    try:
        choice = msgspec.json.decode(await store.read(layout.poster_choice(asset)), type=Choice)
    except ObjectNotFound:
        return None
    return choice.name if choice.version == version else None


class PostersApi:
    def __init__(self, catalogue: Catalogue, store: ObjectStore) -> None:
        self._catalogue = catalogue
        self._store = store

    @operation(
        summary="Read an asset's poster and its candidates",
        tag="catalogue",
        description="Candidates are drawn when an asset becomes ready.",
        role=Role.EDITOR,
        replies={200: Reply(description="The poster", kind=PosterView)},
        errors=(AssetNotFound, NoCandidates),
    )
    async def poster(self, request: Request) -> Response:
        await require(request, Role.EDITOR)
        return json_response(await self._view(request), headers={"Cache-Control": "private, no-cache"})

    @operation(
        summary="Choose an asset's poster",
        tag="catalogue",
        role=Role.EDITOR,
        request=Content(kind=WantedPoster),
        replies={200: Reply(description="The poster", kind=PosterView)},
        errors=(AssetNotFound, NoCandidates, InvalidField, MalformedJson),
    )
    async def choose_poster(self, request: Request) -> Response:
        await require(request, Role.EDITOR)
        wanted = await read_json(request, WantedPoster)
        asset = await self._catalogue.get(AssetId(request.path_params["id"]))
        known = {candidate.name for candidate in (await self._view(request)).candidates}
        key = layout.poster_choice(asset.id)
        if wanted.candidate is None:
            await self._store.delete([key])
        elif wanted.candidate not in known or asset.playing is None:
            raise InvalidField(f"Write one of {', '.join(sorted(known))}, or null for the best.", pointer="/candidate")
        else:
            choice = Choice(version=asset.playing, name=wanted.candidate)
            await self._store.put(key, msgspec.json.encode(choice), content_type=JSON)
        return json_response(await self._view(request), headers={"Cache-Control": "no-store"})

    async def _view(self, request: Request) -> PosterView:
        asset = await self._catalogue.get(AssetId(request.path_params["id"]))
        if asset.playing is None:
            raise NoCandidates
        plan = await find_plan(self._store, asset.id, asset.playing)
        stills = await find_stills(self._store, asset.id, asset.playing)
        if plan is None or plan.video is None or stills is None or not stills.candidates:
            raise NoCandidates
        by_hand = await _chosen(self._store, asset.id, asset.playing)
        chosen = by_hand or stills.candidates[0].name
        folder = f"/v/{asset.id}/{layout.stills_folder(asset.playing)}"
        rate = plan.video.rate
        return PosterView(
            url=f"/v/{asset.id}/poster.jpg",
            by_hand=by_hand is not None,
            candidates=[
                CandidateView(
                    name=each.name, url=f"{folder}/{each.name}", at_s=round(float(each.frame / rate), 3),
                    score=each.score, chosen=each.name == chosen,
                )
                for each in stills.candidates
            ],
        )  # fmt: skip


def routes(catalogue: Catalogue, store: ObjectStore) -> list[BaseRoute]:
    api = PostersApi(catalogue, store)
    return [
        Route("/api/assets/{id}/poster", api.poster, methods=["GET"]),
        Route("/api/assets/{id}/poster", api.choose_poster, methods=["PUT"]),
    ]
