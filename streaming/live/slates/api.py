"""`/api/channels/{id}/slate`: what viewers of a channel see while nobody publishes.

The picture is in the bucket before the channel's row names it, under a name of its own: whoever is killed in between
leaves the slate that was there, and an object that nobody names (sweep.py).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from infra.errors import ObjectNotFound
from manifests import layout
from manifests.layout import ChannelId
from streaming.catalog.drawing import Drawing
from streaming.http.auth import Role, require
from streaming.http.body import json_response, read_bytes
from streaming.http.caching import not_modified
from streaming.http.openapi import Content, Reply, operation
from streaming.http.problem import TooLarge
from streaming.live.channels.errors import ChannelNotFound
from streaming.live.slates.errors import NoSlate, SlatePending, SlateRefused
from streaming.live.slates.view import slate_url
from streaming.playback.media import ObjectResponse
from transcoder.errors import PictureRefused
from transcoder.stills.image import MAX_BYTES, kind_of, refusal
from transcoder.task_slate import PNG
from transcoder.windows import slate_task

if TYPE_CHECKING:
    from starlette.requests import Request

    from infra.ports import JobEngine, ObjectStore
    from streaming.live.channels.service import Channels

_TAG: Final = "live"
_PATIENCE: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSlate:
    """`url` of the picture, as it was drawn; null for the built-in one."""

    url: str | None


class SlatesApi:
    def __init__(self, channels: Channels, store: ObjectStore, jobs: JobEngine, *, patience: timedelta) -> None:
        self._channels, self._store = channels, store
        self._drawing = Drawing(store, jobs, patience=patience)

    @operation(
        summary="Look at a channel's own slate",
        tag=_TAG,
        role=Role.EDITOR,
        replies={
            200: Reply(description="The picture", media_type=PNG, headers={"ETag": "Its tag."}),
            304: Reply(description="As named in If-None-Match"),
        },
        errors=(ChannelNotFound, NoSlate),
    )
    async def slate(self, request: Request) -> Response:
        await require(request, Role.EDITOR)
        channel = await self._channels.get(_id(request))
        if not channel.slate:
            raise NoSlate
        headers = {"Cache-Control": "private, no-cache", "ETag": f'"{channel.slate}"'}
        unchanged = not_modified(request, headers["ETag"], headers)
        if unchanged is not None:
            return unchanged
        try:
            body = await self._store.get(layout.slate(channel.id, channel.slate))
        except ObjectNotFound as exc:  # another one has just been sent
            raise NoSlate from exc
        return ObjectResponse(body, status_code=200, headers=headers, media_type=PNG)

    @operation(
        summary="Put up a slate of a channel's own",
        tag=_TAG,
        description="A JPEG, PNG or WebP file: what viewers see while nobody publishes. It is shown whole in each "
        "rendition, with black bars beside it if it has another shape, from its event's next picture of the slate on.",
        role=Role.EDITOR,
        request=Content(media_type="application/octet-stream", description="The file as it is, 10 MB at most."),
        replies={200: Reply(description="It is used from now on", kind=ShownSlate)},
        errors=(ChannelNotFound, SlateRefused, SlatePending, TooLarge),
    )
    async def put_slate(self, request: Request) -> Response:
        who = await require(request, Role.EDITOR)
        channel_id = (await self._channels.get(_id(request))).id
        body = await read_bytes(request, limit=MAX_BYTES)
        if kind_of(body) is None:
            raise SlateRefused(str(refusal("unknown")))
        name = secrets.token_hex(8)
        key, sent, refused = (
            make(channel_id, name) for make in (layout.slate, layout.slate_sent, layout.slate_refused)
        )  # fmt: skip
        await self._store.put(sent, body, content_type="application/octet-stream")
        try:
            await self._drawing.drawn(key, slate_task(channel_id, name, tenant=who.name), refused=refused)
            before = await self._channels.show_slate(channel_id, name)
        except PictureRefused as exc:
            await self._store.delete([refused])
            raise SlateRefused(str(exc)) from exc
        except TimeoutError:
            await self._store.delete([sent])
            raise SlatePending from None
        except ChannelNotFound:
            await self._store.delete([key])
            raise
        await self._drop(channel_id, before.slate)
        return json_response(ShownSlate(url=slate_url(await self._channels.get(channel_id))))

    @operation(
        summary="Take down a channel's own slate",
        tag=_TAG,
        description="Viewers see the built-in one from then on. Taking down what is not there changes nothing.",
        role=Role.EDITOR,
        replies={204: Reply(description="It is not used any more")},
        errors=(ChannelNotFound,),
    )
    async def delete_slate(self, request: Request) -> Response:
        await require(request, Role.EDITOR)
        before = await self._channels.show_slate(_id(request), "")
        await self._drop(before.id, before.slate)
        return Response(status_code=204)

    async def _drop(self, channel: ChannelId, name: str) -> None:
        if name:
            await self._store.delete([layout.slate(channel, name)])


def _id(request: Request) -> ChannelId:
    return ChannelId(request.path_params["id"])


def routes(
    channels: Channels, store: ObjectStore, jobs: JobEngine, *, patience: timedelta = _PATIENCE
) -> list[BaseRoute]:  # fmt: skip
    """`patience`: how long a request waits for its picture to be drawn."""
    api = SlatesApi(channels, store, jobs, patience=patience)
    return [
        Route("/api/channels/{id}/slate", api.slate, methods=["GET"]),
        Route("/api/channels/{id}/slate", api.put_slate, methods=["PUT"]),
        Route("/api/channels/{id}/slate", api.delete_slate, methods=["DELETE"]),
    ]
