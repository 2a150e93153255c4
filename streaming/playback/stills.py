"""`/v/{asset}/poster.jpg`, `/v/{asset}/storyboard.vtt` and the pictures that they name."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Final

from starlette.routing import BaseRoute, Route

from infra.errors import ObjectNotFound
from manifests import layout, media_types
from manifests.layout import AssetId
from streaming.catalog.errors import AssetNotFound, NotPublished
from streaming.catalog.posters import poster_key
from streaming.http.auth import InvalidToken, principal
from streaming.http.caching import not_modified
from streaming.http.openapi import Reply, operation
from streaming.playback.errors import AssetFailed, NothingToPlay, NotPlayableYet, StillNotFound
from streaming.playback.media import ObjectResponse
from streaming.playback.playlists import playlist_response, rendered
from streaming.playback.policy import media_lifetime, playlist_lifetime
from transcoder.facts import find_stills
from transcoder.stills.storyboard import webvtt

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from infra.ports import ObjectStore
    from streaming.playback.service import Playback, Played

_NAME: Final = re.compile(r"(?:storyboard|poster|poster-at)-(?:0|[1-9][0-9]{0,8})\.jpg|storyboard\.vtt")
_ERRORS: Final = (
    AssetNotFound, NotPublished, InvalidToken, NothingToPlay, AssetFailed, NotPlayableYet, StillNotFound,
)  # fmt: skip


def _replies(media_type: str) -> dict[int, Reply]:
    return {
        200: Reply(description="All of it", media_type=media_type, headers={"ETag": "Its tag."}),
        304: Reply(description="As named in If-None-Match"),
    }


class StillsApi:
    def __init__(self, playback: Playback, store: ObjectStore) -> None:
        self._playback = playback
        self._store = store

    @operation(
        summary="Poster",
        tag="playback",
        description="The picture that stands for an asset: the one that an editor chose, or else the best candidate.",
        replies=_replies(media_types.JPEG),
        errors=_ERRORS,
    )
    async def poster(self, request: Request) -> Response:
        played = await self._play(request)
        key = await poster_key(self._store, played.title.plan.asset, played.title.plan.version)
        if key is None:
            raise StillNotFound
        return await self._object(request, key, media_types.JPEG, playlist_lifetime(played.asset))

    @operation(
        summary="Storyboard",
        tag="playback",
        description="WebVTT whose cues name a tile of a sheet each (`#xywh=`), for previews while seeking.",
        replies=_replies(media_types.VTT),
        errors=_ERRORS,
    )
    async def storyboard(self, request: Request) -> Response:
        played = await self._play(request)
        plan = played.title.plan
        stills = await find_stills(self._store, plan.asset, plan.version)
        if plan.video is None or stills is None or stills.storyboard is None:
            raise StillNotFound
        text = webvtt(plan.video, stills.storyboard, folder=f"{layout.stills_folder(plan.version)}/")
        return playlist_response(
            request, rendered(text), cache_control=playlist_lifetime(played.asset), media_type=media_types.VTT
        )

    @operation(
        summary="Sheet of a storyboard, or poster candidate",
        tag="playback",
        replies=_replies(media_types.JPEG),
        errors=_ERRORS,
    )
    async def still(self, request: Request) -> Response:
        played = await self._play(request)
        name, version = request.path_params["name"], request.path_params["version"]
        if _NAME.fullmatch(name) is None:
            raise StillNotFound
        media_type = media_types.VTT if name.endswith(".vtt") else media_types.JPEG
        key = layout.still(played.title.plan.asset, version, name)
        return await self._object(request, key, media_type, media_lifetime(played.asset))

    async def _play(self, request: Request) -> Played:
        return await self._playback.play(AssetId(request.path_params["asset"]), partial(principal, request))

    async def _object(self, request: Request, key: str, media_type: str, lifetime: str) -> Response:
        try:
            body = await self._store.get(key)
        except ObjectNotFound as exc:
            raise StillNotFound from exc
        headers = {"Cache-Control": lifetime, "ETag": f'"{body.stat.etag}"'}
        unchanged = not_modified(request, headers["ETag"], headers)
        if unchanged is not None:
            await body.stream.aclose()
            return unchanged
        return ObjectResponse(body, status_code=200, headers=headers, media_type=media_type)


def routes(playback: Playback, store: ObjectStore) -> list[BaseRoute]:
    api = StillsApi(playback, store)
    return [
        Route("/v/{asset}/poster.jpg", api.poster, methods=["GET"]),
        Route("/v/{asset}/storyboard.vtt", api.storyboard, methods=["GET"]),
        Route("/v/{asset}/stills-{version:int}/{name}", api.still, methods=["GET"]),
    ]
