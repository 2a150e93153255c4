"""`/api/channels/{id}/keys`: stream keys of a channel."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from manifests.layout import ChannelId
from streaming.http.auth import Role, require
from streaming.http.body import InvalidField, MalformedJson, json_response, read_json
from streaming.http.openapi import Content, Reply, operation
from streaming.live.channels.errors import ChannelNotFound
from streaming.live.ingest.addresses import Addresses, addresses
from streaming.live.ingest.publisher import Place
from streaming.live.keys.errors import StreamKeyNotFound

if TYPE_CHECKING:
    from starlette.requests import Request

    from streaming.live.channels.service import Channels
    from streaming.live.keys.model import StreamKey
    from streaming.live.keys.service import StreamKeys
    from streaming.settings import ServiceSettings

_TAG: Final = "stream keys"
_LONGEST_GRACE_S: Final = 7 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedStreamKey:
    """A key to be made. `grace_s`: for so many seconds more the place's earlier keys let somebody begin."""

    place: Place = Place.PRIMARY
    grace_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownStreamKey:
    """A key without its secret."""

    id: str
    place: Place
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamKeyMade:
    """A key just made. `secret` is what an encoder is given; it is shown this once."""

    key: ShownStreamKey
    secret: str
    addresses: Addresses


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamKeyList:
    """All keys of a channel, newest first."""

    keys: list[ShownStreamKey]


class StreamKeysApi:
    def __init__(self, keys: StreamKeys, channels: Channels, settings: ServiceSettings) -> None:
        self._keys, self._channels, self._settings = keys, channels, settings

    @operation(
        summary="List stream keys",
        tag=_TAG,
        role=Role.PUBLISHER,
        replies={200: Reply(description="Every key ever made for the channel", kind=StreamKeyList)},
        errors=(ChannelNotFound,),
    )
    async def index(self, request: Request) -> Response:
        await require(request, Role.PUBLISHER)
        channel = await self._channels.get(_channel(request))
        return json_response(StreamKeyList(keys=[_shown(key) for key in await self._keys.list(channel.id)]))

    @operation(
        summary="Make a stream key",
        tag=_TAG,
        description="It takes the place of the earlier keys of its place. The secret is in this answer and nowhere "
        "else: only its hash is kept.",
        role=Role.PUBLISHER,
        request=Content(kind=WantedStreamKey),
        replies={201: Reply(description="Made", kind=StreamKeyMade)},
        errors=(ChannelNotFound, InvalidField, MalformedJson),
    )
    async def create(self, request: Request) -> Response:
        who = await require(request, Role.PUBLISHER)
        channel = await self._channels.get(_channel(request))
        wanted = await read_json(request, WantedStreamKey)
        if not 0 <= wanted.grace_s <= _LONGEST_GRACE_S:
            raise InvalidField(f"Between 0 and {_LONGEST_GRACE_S} seconds.", pointer="/grace_s")
        made = await self._keys.make(
            channel.id, wanted.place, created_by=who.name, grace=timedelta(seconds=wanted.grace_s)
        )  # fmt: skip
        ingest = self._settings.ingest
        host = ingest.public_host or urlsplit(self._settings.public_url).hostname or request.url.hostname or "localhost"
        pepper = await asyncio.to_thread(ingest.pepper, self._settings.infra.home)
        where = addresses(made, host=host, settings=ingest, pepper=pepper)
        body = StreamKeyMade(key=_shown(made.key), secret=made.secret, addresses=where)
        return json_response(body, 201, {"Location": f"/api/channels/{channel.id}/keys/{made.key.id}"})

    @operation(
        summary="Revoke a stream key",
        tag=_TAG,
        description="It lets nobody in from now on, and whoever publishes with it is put out.",
        role=Role.PUBLISHER,
        replies={204: Reply(description="Revoked")},
        errors=(ChannelNotFound, StreamKeyNotFound),
    )
    async def revoke(self, request: Request) -> Response:
        await require(request, Role.PUBLISHER)
        channel = await self._channels.get(_channel(request))
        await self._keys.revoke(channel.id, request.path_params["key"])
        return Response(status_code=204)


def _channel(request: Request) -> ChannelId:
    return ChannelId(request.path_params["id"])


def _shown(key: StreamKey) -> ShownStreamKey:
    return ShownStreamKey(
        id=key.id, place=key.place, created_by=key.created_by, created_at=key.created_at, expires_at=key.expires_at,
        revoked_at=key.revoked_at,
    )  # fmt: skip


def routes(keys: StreamKeys, channels: Channels, settings: ServiceSettings) -> list[BaseRoute]:
    api = StreamKeysApi(keys, channels, settings)
    return [
        Route("/api/channels/{id}/keys", api.index, methods=["GET"]),
        Route("/api/channels/{id}/keys", api.create, methods=["POST"]),
        Route("/api/channels/{id}/keys/{key}", api.revoke, methods=["DELETE"]),
    ]
