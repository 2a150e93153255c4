"""`/api/channels/{id}/recordings`: what became of a channel's events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from starlette.routing import BaseRoute, Route

from manifests.layout import AssetId, ChannelId
from streaming.http.auth import Role, require
from streaming.http.body import json_response
from streaming.http.openapi import Reply, operation
from streaming.live.channels.errors import ChannelNotFound

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from streaming.live.channels.service import Channels
    from streaming.live.recordings.events import LiveEvents

_TAG: Final = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEvent:
    """Event number `event` of a channel. `assets`: its recording, or, where something was missing in between, one for
    each part that is whole. `settled`: no more of them will come; `missing_s`: seconds that were shown, or should have
    been, and are in none of them, null until then."""

    event: int
    title: str
    begun_at: datetime
    ended_at: datetime | None
    record: bool
    settled: bool
    assets: list[AssetId]
    missing_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEvents:
    """Latest first."""

    events: list[RecordedEvent]


class RecordingsApi:
    def __init__(self, channels: Channels, events: LiveEvents) -> None:
        self._channels, self._events = channels, events

    @operation(
        summary="List a channel's events and their recordings",
        tag=_TAG,
        description="An event whose channel has `record` becomes a draft in the catalogue when it ends: the very "
        "segments that were shown, playable within seconds.",
        role=Role.EDITOR,
        replies={200: Reply(description="All that something is kept of", kind=RecordedEvents)},
        errors=(ChannelNotFound,),
    )
    async def recordings(self, request: Request) -> Response:
        await require(request, Role.EDITOR)
        channel = await self._channels.get(ChannelId(request.path_params["id"]))
        return json_response(
            RecordedEvents(
                events=[
                    RecordedEvent(
                        event=each.number, title=each.title, begun_at=each.begun_at, ended_at=each.over_at,
                        record=each.wanted, settled=each.over_at is not None and each.is_settled, assets=each.assets(),
                        missing_s=each.missing_s,
                    )
                    for each in await self._events.of(channel.id)
                ]
            )
        )  # fmt: skip


def routes(channels: Channels, events: LiveEvents) -> list[BaseRoute]:
    return [Route("/api/channels/{id}/recordings", RecordingsApi(channels, events).recordings, methods=["GET"])]
