"""`/v/{asset}/keys/{key}`: the key of an encrypted segment, for whoever may have the segment."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from manifests import media_types
from manifests.layout import AssetId
from streaming.catalog.errors import AssetNotFound, NotPublished
from streaming.http.auth import InvalidToken, principal
from streaming.http.openapi import Parameter, Reply, operation
from streaming.playback.errors import AssetFailed, KeyNotFound, NothingToPlay, NotPlayableYet
from streaming.playback.metrics import KEYS
from transcoder.encryption import key_ids

if TYPE_CHECKING:
    from starlette.requests import Request

    from streaming.playback.service import Playback

_KEPT_BY_NOBODY: Final = "private, no-store"
"""Segments stay in caches for a year; it is the key that must not outlive the right to watch."""


class KeysApi:
    def __init__(self, playback: Playback) -> None:
        self._playback = playback

    @operation(
        summary="Content key",
        tag="playback",
        description="The 16 bytes that decrypt segments, or the samples in them, under the rules that hold for the "
        "segments. No cache may keep it: of an asset that is taken down, what caches still have cannot be decrypted.",
        parameters=(
            Parameter(name="key", where="path", description="Its name, as playlists write it.", required=True),
            Parameter(name="for", description="`audio` in playlists of sound: a URI of its own for the same key."),
        ),
        replies={200: Reply(description="The key", media_type=media_types.KEY, headers={"Cache-Control": "no-store."})},
        errors=(AssetNotFound, NotPublished, InvalidToken, NothingToPlay, AssetFailed, NotPlayableYet, KeyNotFound),
    )
    async def key(self, request: Request) -> Response:
        asset = AssetId(request.path_params["asset"])
        name = key_ids.parse_text(asset, request.path_params["key"])
        version = None if name is None else name.version
        # Whether there is such a key is told to nobody who may not play the asset.
        played = await self._playback.play(asset, partial(principal, request), version=version)
        if name is None:
            raise KeyNotFound
        found = await self._playback.content_key(played, name)
        KEYS.inc()
        return Response(found.key, media_type=media_types.KEY, headers={"Cache-Control": _KEPT_BY_NOBODY})


def routes(playback: Playback) -> list[BaseRoute]:
    return [Route("/v/{asset}/keys/{key}", KeysApi(playback).key, methods=["GET"])]
