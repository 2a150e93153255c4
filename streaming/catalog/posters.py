"""`/api/assets/{id}/poster`: which picture stands for an asset.

An editor's choice is an object in the bucket. It holds as long as the picture exists: when the source is replaced, the
best candidate of the new one takes its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from math import isfinite
from typing import TYPE_CHECKING, Final

import anyio
import msgspec
from starlette.routing import BaseRoute, Route

from infra.errors import ObjectNotFound
from manifests import layout
from manifests.layout import AssetId
from streaming.catalog.errors import AssetNotFound, NoCandidates, PosterPending
from streaming.http.auth import Role, require
from streaming.http.body import InvalidField, MalformedJson, json_response, read_json
from streaming.http.openapi import Content, Reply, operation
from transcoder.facts import JSON, find_plan, find_stills
from transcoder.windows import poster_task

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from infra.ports import JobEngine, ObjectStore
    from streaming.catalog.model import Asset
    from streaming.catalog.service import Catalogue

_PATIENCE: Final = timedelta(seconds=10)
_LOOK_S: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The picture `name` of version `version`: a candidate, or any other, at grid frame `frame`."""

    version: int
    name: str
    frame: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPoster:
    """`candidate`: the name of one of the candidates; null for the best. Or `at_s`: the picture that shows at that
    time, in seconds."""

    candidate: str | None = None
    at_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateView:
    """A picture at `at_s` seconds; `score` is how good it seems, higher is better; null for one that was chosen by its
    time."""

    name: str
    url: str
    at_s: float
    score: float | None
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PosterView:
    """`url` of the poster as viewers get it; candidates best first, ahead of them one that was chosen by its time.
    `by_hand`: an editor chose it."""

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
        return layout.still(asset, version, stills.candidates[0].name)
    return layout.still(asset, version, chosen.name)


async def _chosen(store: ObjectStore, asset: AssetId, version: int) -> Choice | None:
    """The picture of this version that an editor chose."""
    try:
        choice = msgspec.json.decode(await store.read(layout.poster_choice(asset)), type=Choice)
    except ObjectNotFound:
        return None
    return choice if choice.version == version else None


class PostersApi:
    def __init__(self, catalogue: Catalogue, store: ObjectStore, jobs: JobEngine, *, patience: timedelta) -> None:
        self._catalogue = catalogue
        self._store = store
        self._jobs = jobs
        self._patience_s = patience.total_seconds()

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
        description="One of the candidates, or the picture at any time, which is drawn while the request waits.",
        role=Role.EDITOR,
        request=Content(kind=WantedPoster),
        replies={200: Reply(description="The poster", kind=PosterView)},
        errors=(AssetNotFound, NoCandidates, PosterPending, InvalidField, MalformedJson),
    )
    async def choose_poster(self, request: Request) -> Response:
        await require(request, Role.EDITOR)
        wanted = await read_json(request, WantedPoster)
        view, asset = await self._view(request), await self._catalogue.get(AssetId(request.path_params["id"]))
        known = {candidate.name for candidate in view.candidates if candidate.score is not None}
        key = layout.poster_choice(asset.id)
        if wanted.at_s is not None:
            if wanted.candidate is not None:
                raise InvalidField("Write either a candidate or a time.", pointer="/at_s")
            await self._choose(key, await self.at(asset, wanted.at_s))
        elif wanted.candidate is None:
            await self._store.delete([key])
        elif wanted.candidate not in known or asset.playing is None:
            raise InvalidField(f"Write one of {', '.join(sorted(known))}, or null for the best.", pointer="/candidate")
        else:
            await self._choose(key, Choice(version=asset.playing, name=wanted.candidate))
        return json_response(await self._view(request), headers={"Cache-Control": "no-store"})

    async def _choose(self, key: str, choice: Choice) -> None:
        await self._store.put(key, msgspec.json.encode(choice), content_type=JSON)

    async def at(self, asset: Asset, seconds: float) -> Choice:
        """The picture at a time, once it is drawn. Raises InvalidField, PosterPending."""
        plan = await find_plan(self._store, asset.id, asset.version)
        if plan is None or plan.video is None:
            raise NoCandidates
        video = plan.video
        frame = int(Fraction(seconds) * video.rate) if isfinite(seconds) and seconds >= 0 else video.frames
        if frame >= video.frames:
            raise InvalidField(f"Write seconds from 0 up to {float(video.frames / video.rate):.3f}.", pointer="/at_s")
        name = layout.poster_at(frame)
        choice = Choice(version=asset.version, name=name, frame=frame)
        if await self._is_drawn(asset, name):
            return choice
        await self._jobs.enqueue(poster_task(asset.id, asset.version, frame, tenant=asset.created_by))
        with anyio.move_on_after(self._patience_s):
            while not await self._is_drawn(asset, name):  # noqa: ASYNC110 (it is drawn on another machine)
                await anyio.sleep(_LOOK_S)
            return choice
        raise PosterPending

    async def _is_drawn(self, asset: Asset, name: str) -> bool:
        return await self._store.head(layout.still(asset.id, asset.version, name)) is not None

    async def _view(self, request: Request) -> PosterView:
        asset = await self._catalogue.get(AssetId(request.path_params["id"]))
        if asset.playing is None:
            raise NoCandidates
        plan = await find_plan(self._store, asset.id, asset.playing)
        stills = await find_stills(self._store, asset.id, asset.playing)
        if plan is None or plan.video is None or stills is None or not stills.candidates:
            raise NoCandidates
        by_hand = await _chosen(self._store, asset.id, asset.playing)
        chosen = stills.candidates[0].name if by_hand is None else by_hand.name
        folder = f"/v/{asset.id}/{layout.stills_folder(asset.playing)}"
        rate = plan.video.rate
        shown: list[tuple[str, int, float | None]] = [(each.name, each.frame, each.score) for each in stills.candidates]
        if by_hand is not None and by_hand.frame is not None:
            shown.insert(0, (by_hand.name, by_hand.frame, None))
        return PosterView(
            url=f"/v/{asset.id}/poster.jpg",
            by_hand=by_hand is not None,
            candidates=[
                CandidateView(
                    name=name, url=f"{folder}/{name}", at_s=round(float(frame / rate), 3), score=score,
                    chosen=name == chosen,
                )
                for name, frame, score in shown
            ],
        )  # fmt: skip


def routes(
    catalogue: Catalogue, store: ObjectStore, jobs: JobEngine, *, patience: timedelta = _PATIENCE
) -> list[BaseRoute]:  # fmt: skip
    """`patience`: how long a request waits for a picture to be drawn."""
    api = PostersApi(catalogue, store, jobs, patience=patience)
    return [
        Route("/api/assets/{id}/poster", api.poster, methods=["GET"]),
        Route("/api/assets/{id}/poster", api.choose_poster, methods=["PUT"]),
    ]
