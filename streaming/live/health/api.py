"""`/api/channels/{id}/health`: how the publishers of a channel are, and how many watch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from starlette.routing import BaseRoute, Route

from infra.errors import CacheUnavailable
from manifests.layout import ChannelId
from streaming.http.auth import Role, require
from streaming.http.body import json_response
from streaming.http.openapi import Reply, operation
from streaming.live.channels.errors import ChannelNotFound
from streaming.live.channels.model import RUNNING, ChannelState
from streaming.live.health.report import PublisherHealth, Report, load
from transcoder.live.board import health_key
from transcoder.live.selector import Source

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from infra.ports import Cache
    from streaming.live.channels.model import Channel
    from streaming.live.channels.service import Channels
    from streaming.live.watching.listing import Listing

_SILENT: Final = "The live process has said nothing of this channel for five seconds: nothing is taken or encoded."


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelHealth:
    """`on_air`: whose pictures viewers see. `viewers` null: that cannot be told. `uploads_waiting`: objects that are
    not in the bucket yet, null if the live process does not answer; `lost_s`: seconds of the event that the bucket did
    not take in time, which its recording lacks. `last_error`: why the bucket takes nothing, or else why the last
    publisher was turned away or lost. `warnings`: what to do something about, in sentences."""

    state: ChannelState
    on_air: Source | None
    viewers: int | None
    uploads_waiting: int | None
    lost_s: float | None
    last_error: str | None
    publishers: tuple[PublisherHealth, ...]
    warnings: tuple[str, ...]


class HealthApi:
    def __init__(self, channels: Channels, listing: Listing, cache: Cache) -> None:
        self._channels, self._listing, self._cache = channels, listing, cache

    @operation(
        summary="How a channel is",
        tag="live",
        description="Told by the live process each second. Ask every second or two while somebody looks at it.",
        role=Role.EDITOR,
        replies={200: Reply(description="As it is now", kind=ChannelHealth)},
        errors=(ChannelNotFound,),
    )
    async def health(self, request: Request) -> Response:
        await require(request, Role.EDITOR)
        channel = await self._channels.get(ChannelId(request.path_params["id"]))
        listed, report = await self._listing.one(channel), await self._report(channel.id)
        silent = report is None and channel.state in RUNNING
        return json_response(
            ChannelHealth(
                state=channel.state,
                on_air=None if report is None else report.on_air,
                viewers=listed.viewers,
                uploads_waiting=None if report is None else report.uploads_waiting,
                lost_s=None if report is None else report.lost_s,
                last_error=_last_error(channel, report),
                publishers=() if report is None else report.publishers,
                warnings=(_SILENT,) if silent else () if report is None else report.warnings,
            )
        )

    async def _report(self, channel: ChannelId) -> Report | None:
        try:
            body = await self._cache.get(health_key(channel))
        except CacheUnavailable:
            return None
        return None if body is None else load(body)


def _last_error(channel: Channel, report: Report | None) -> str | None:
    if report is None:
        return channel.trouble or None
    return report.trouble or channel.trouble or report.last_error


def routes(channels: Channels, listing: Listing, cache: Cache) -> list[BaseRoute]:
    api = HealthApi(channels, listing, cache)
    return [Route("/api/channels/{id}/health", api.health, methods=["GET"])]
