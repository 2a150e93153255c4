"""`/api/live`: what there is to watch, for everybody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from manifests.layout import AssetId, ChannelId
from streaming.http.auth import InvalidToken
from streaming.http.caching import not_modified, strong_etag
from streaming.http.openapi import Reply, operation
from streaming.live.channels.errors import ChannelNotFound
from streaming.live.channels.model import ChannelState
from streaming.live.watching.listing import is_on_air
from streaming.live.watching.policy import enter

if TYPE_CHECKING:
    from starlette.requests import Request

    from streaming.live.viewing.doors import Doors
    from streaming.live.watching.listing import Listed, Listing

_TAG: Final = "live"
_PUBLIC: Final = "public, max-age=1"
_PRIVATE: Final = "private, no-store"
_UNCHANGED: Final = Reply(description="As named in If-None-Match")


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveChannel:
    """A channel for whoever may watch it. `on_air`: there is something at the live edge, be it what stands in for a
    publisher that was lost. `starts_at`: when its next event begins by itself. `started_at`, `ended_at`: of its present
    or last event. `dvr_s`: seconds that viewers may go back. `viewers`: sessions that play this event now; null while
    that cannot be told. `recording`: the asset that the last event became."""

    id: ChannelId
    title: str
    state: ChannelState
    on_air: bool
    starts_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    dvr_s: int
    viewers: int | None
    hls: str
    dash: str
    dash_low_latency: str
    recording: AssetId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveChannelList:
    """Those on air first, then what is to come, the soonest in front, then what is over, the latest in front."""

    channels: list[LiveChannel]


class WatchingApi:
    def __init__(self, listing: Listing, doors: Doors, *, public_url: str) -> None:
        self._listing, self._doors, self._public_url = listing, doors, public_url

    @operation(
        summary="What is live",
        tag=_TAG,
        description="Public channels on which something runs, ran, or is announced. May be a second old; ask with "
        "If-None-Match.",
        replies={200: Reply(description="All", kind=LiveChannelList, headers={"ETag": "Its tag."}), 304: _UNCHANGED},
    )
    async def catalogue(self, request: Request) -> Response:
        listed = LiveChannelList(channels=[self._shown(each) for each in await self._listing.all()])
        return _cacheable(request, listed, cache_control=_PUBLIC)

    @operation(
        summary="Look at a live channel",
        tag=_TAG,
        description="Also one on which nothing has run yet: wait here for its beginning. Editors see any channel.",
        replies={200: Reply(description="As it is", kind=LiveChannel, headers={"ETag": "Its tag."}), 304: _UNCHANGED},
        errors=(ChannelNotFound, InvalidToken),
    )
    async def catalogue_entry(self, request: Request) -> Response:
        channel = await enter(request, self._doors, ChannelId(request.path_params["id"]))
        listed = await self._listing.one(channel)
        return _cacheable(request, self._shown(listed), cache_control=_PUBLIC if channel.public else _PRIVATE)

    def _shown(self, listed: Listed) -> LiveChannel:
        channel = listed.channel
        base = f"{self._public_url}/live/{channel.id}"
        return LiveChannel(
            id=channel.id, title=channel.title, state=channel.state, on_air=is_on_air(channel),
            starts_at=channel.starts_at, started_at=channel.started_at, ended_at=channel.ended_at,
            dvr_s=int(channel.dvr.total_seconds()), viewers=listed.viewers,
            hls=f"{base}/index.m3u8", dash=f"{base}/manifest.mpd",
            dash_low_latency=f"{base}/low-latency.mpd",
            recording=channel.recording if channel.published else None,
        )  # fmt: skip


def _cacheable(request: Request, value: object, *, cache_control: str) -> Response:
    body = msgspec.json.encode(value)
    headers = {"Cache-Control": cache_control, "ETag": strong_etag(body)}
    unchanged = not_modified(request, headers["ETag"], headers)
    return unchanged or Response(body, headers=headers, media_type="application/json")


def routes(listing: Listing, doors: Doors, *, public_url: str = "") -> list[BaseRoute]:
    api = WatchingApi(listing, doors, public_url=public_url)
    return [
        Route("/api/live", api.catalogue, methods=["GET"]),
        Route("/api/live/{id}", api.catalogue_entry, methods=["GET"]),
    ]
