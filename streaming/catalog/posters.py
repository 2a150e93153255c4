"""`/api/assets/{id}/poster`: which picture stands for an asset.

An editor's choice is an object in the bucket. It holds as long as the picture exists: when the source is replaced, the
best candidate of the new one takes its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from hashlib import sha256
from math import isfinite
from typing import TYPE_CHECKING, Final

import msgspec
from starlette.routing import BaseRoute, Route

from infra.errors import ObjectNotFound
from manifests import layout
from manifests.layout import AssetId
from streaming.catalog.drawing import Drawing
from streaming.catalog.errors import AssetNotFound, NoCandidates, PosterPending, PosterUnreadable
from streaming.http.auth import Role, require
from streaming.http.body import InvalidField, MalformedJson, json_response, read_bytes, read_json
from streaming.http.openapi import Content, Reply, operation
from streaming.http.problem import TooLarge
from transcoder.errors import PictureRefused
from transcoder.facts import JSON, find_plan, find_stills
from transcoder.stills.image import MAX_BYTES, kind_of, refusal
from transcoder.windows import poster_image_task, poster_task

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from infra.ports import JobEngine, ObjectStore, Task
    from streaming.catalog.model import Asset
    from streaming.catalog.service import Catalogue

_PATIENCE: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The picture `name` of version `version`: a candidate, or any other, at grid frame `frame`; or one that an editor
    sent (`is_image`), whatever the version."""

    version: int
    name: str
    frame: int | None = None
    is_image: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPoster:
    """`candidate`: the name of one of the candidates; null for the best. Or `at_s`: the picture that shows at that
    time, in seconds."""

    candidate: str | None = None
    at_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateView:
    """A picture at `at_s` seconds (null for one that an editor sent); `score` is how good it seems, higher is better;
    null for one that is no candidate."""

    name: str
    url: str
    at_s: float | None
    score: float | None
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PosterView:
    """`url` of the poster as viewers get it; candidates best first, ahead of them any other that an editor chose.
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
    return layout.poster_image(asset, chosen.name) if chosen.is_image else layout.still(asset, version, chosen.name)


async def _chosen(store: ObjectStore, asset: AssetId, version: int) -> Choice | None:
    """The picture of this version that an editor chose."""
    try:
        choice = msgspec.json.decode(await store.read(layout.poster_choice(asset)), type=Choice)
    except ObjectNotFound:
        return None
    return choice if choice.is_image or choice.version == version else None


class PostersApi:
    def __init__(self, catalogue: Catalogue, store: ObjectStore, jobs: JobEngine, *, patience: timedelta) -> None:
        self._catalogue = catalogue
        self._store = store
        self._drawing = Drawing(store, jobs, patience=patience)

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

    @operation(
        summary="Send a picture for an asset's poster",
        tag="catalogue",
        description="A JPEG, PNG or WebP file. It is drawn anew as a JPEG of at most 1280 pixels a side, and stays "
        "when the source is replaced.",
        role=Role.EDITOR,
        request=Content(media_type="application/octet-stream", description="The file as it is, 10 MB at most."),
        replies={200: Reply(description="The poster", kind=PosterView)},
        errors=(AssetNotFound, NoCandidates, PosterPending, PosterUnreadable, TooLarge),
    )
    async def send_poster(self, request: Request) -> Response:
        await require(request, Role.EDITOR)
        await self._view(request)
        body = await read_bytes(request, limit=MAX_BYTES)
        if kind_of(body) is None:
            raise PosterUnreadable(str(refusal("unknown")))
        asset, name = await self._catalogue.get(AssetId(request.path_params["id"])), sha256(body).hexdigest()[:32]
        key, refused = layout.poster_image(asset.id, name), layout.poster_refused(asset.id, name)
        if await self._store.head(key) is None and await self._store.head(refused) is None:
            await self._store.put(layout.poster_sent(asset.id, name), body, content_type="application/octet-stream")
        task = poster_image_task(asset.id, asset.version, name, tenant=asset.created_by)
        await self._drawn(key, task, refused=refused)
        await self._choose(layout.poster_choice(asset.id), Choice(version=asset.version, name=name, is_image=True))
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
        task = poster_task(asset.id, asset.version, frame, tenant=asset.created_by)
        await self._drawn(layout.still(asset.id, asset.version, name), task)
        return Choice(version=asset.version, name=name, frame=frame)

    async def _drawn(self, key: str, task: Task, *, refused: str | None = None) -> None:
        """Have a picture drawn, unless it is. Raises PosterPending, PosterUnreadable."""
        try:
            await self._drawing.drawn(key, task, refused=refused)
        except PictureRefused as exc:
            raise PosterUnreadable(str(exc)) from exc
        except TimeoutError:
            raise PosterPending from None

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
        url = f"/v/{asset.id}/poster.jpg"
        candidates = [
            CandidateView(
                name=each.name, url=f"{folder}/{each.name}", at_s=round(float(each.frame / rate), 3), score=each.score,
                chosen=each.name == chosen,
            )
            for each in stills.candidates
        ]  # fmt: skip
        if by_hand is not None and by_hand.frame is not None:
            at, where = round(float(by_hand.frame / rate), 3), f"{folder}/{by_hand.name}"
            candidates.insert(0, CandidateView(name=by_hand.name, url=where, at_s=at, score=None, chosen=True))
        if by_hand is not None and by_hand.is_image:
            # The URL of the poster is that of whichever it is; the name has a browser load it anew.
            where = f"{url}?{by_hand.name}"
            candidates.insert(0, CandidateView(name=by_hand.name, url=where, at_s=None, score=None, chosen=True))
        return PosterView(url=url, by_hand=by_hand is not None, candidates=candidates)


def routes(
    catalogue: Catalogue, store: ObjectStore, jobs: JobEngine, *, patience: timedelta = _PATIENCE
) -> list[BaseRoute]:  # fmt: skip
    """`patience`: how long a request waits for a picture to be drawn."""
    api = PostersApi(catalogue, store, jobs, patience=patience)
    return [
        Route("/api/assets/{id}/poster", api.poster, methods=["GET"]),
        Route("/api/assets/{id}/poster", api.choose_poster, methods=["PUT"]),
        Route("/api/assets/{id}/poster", api.send_poster, methods=["POST"]),
    ]
