"""The routes of viewing sessions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from starlette.routing import Route

from manifests.layout import AssetId, ChannelId
from streaming.catalog.errors import AssetNotFound, BadQuery, NotPublished
from streaming.catalog.model import AssetState
from streaming.catalog.policy import check_visible, sees_all
from streaming.http.auth import Role, principal
from streaming.http.body import InvalidField, MalformedJson, json_response, read_json
from streaming.http.openapi import Content, Parameter, Reply, operation
from streaming.http.problem import TooLarge, UnsupportedMediaType
from streaming.live.channels.errors import ChannelNotFound
from streaming.live.channels.model import ChannelState
from streaming.live.watching.policy import enter
from streaming.sessions.errors import NotPlayable, SessionNotFound, SessionOver
from streaming.sessions.subject import ChannelEvent, Subject
from streaming.sessions.tally import quality
from streaming.sessions.wire import BODY_LIMIT, AudienceView, Batch, NewSession, Receipt, SessionView, news_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from streaming.catalog.model import Asset
    from streaming.catalog.service import Catalogue
    from streaming.clock import Clock
    from streaming.http.auth import Principal
    from streaming.live.channels.model import Channel
    from streaming.live.viewing.doors import Doors
    from streaming.sessions.service import Sessions

TAG: Final = "viewing sessions"
BEACON: Final = ("application/json", "text/plain")
"""`navigator.sendBeacon` sends a string as text/plain, which needs no preflight while the page goes away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    """What a session is to play; `path` of its playlist."""

    subject: Subject
    duration_ms: int | None
    path: str


class SessionsApi:
    """Endpoints over `Sessions`."""

    def __init__(
        self, sessions: Sessions, catalogue: Catalogue, doors: Doors, *, clock: Clock, public_url: str
    ) -> None:  # fmt: skip
        self._sessions, self._catalogue, self._doors = sessions, catalogue, doors
        self._clock = clock
        self._public_url = public_url

    @operation(
        summary="Begin a viewing session",
        tag=TAG,
        description="Open to everybody for published assets and public channels; editors may preview the others. Use "
        "the URLs as they are.",
        request=Content(kind=NewSession),
        replies={201: Reply(description="Begun", kind=SessionView, headers={"Location": "The session."})},
        errors=(MalformedJson, InvalidField, AssetNotFound, NotPublished, ChannelNotFound, NotPlayable),
    )
    async def create(self, request: Request) -> Response:
        wanted = await read_json(request, NewSession)
        who = await principal(request)
        content = await self._content(request, wanted)
        opened = await self._sessions.open(
            content.subject,
            duration_ms=content.duration_ms,
            viewer=wanted.viewer,
            scope=_scope(who),
            visitor=wanted.viewer or _stranger(request),
            attempt=wanted.attempt,
            device=wanted.device,
            now=self._clock(),
        )
        base = self._public_url or str(request.base_url).rstrip("/")
        view = SessionView(
            session_id=opened.session,
            playback_url=f"{base}{content.path}",
            heartbeat_url=f"{base}/api/sessions/{opened.session}/events",
            heartbeat_interval_s=opened.interval_ms / 1000,
            resume_at_s=opened.resume_at_ms / 1000,
            expires_at=opened.lapses_at,
        )
        return json_response(view, 201, headers={"Location": f"/api/sessions/{opened.session}"})

    @operation(
        summary="Report on a viewing session",
        tag=TAG,
        description="Cumulative counters: repeated, reordered, lost reports do no harm. Also text/plain (sendBeacon).",
        request=Content(kind=Batch),
        replies={200: Reply(description="Taken", kind=Receipt)},
        errors=(MalformedJson, InvalidField, TooLarge, UnsupportedMediaType, SessionNotFound, SessionOver),
    )
    async def report(self, request: Request) -> Response:
        batch = await read_json(request, Batch, limit=BODY_LIMIT, media_types=BEACON)
        heard = await self._sessions.hear(request.path_params["id"], news_of(batch), now=self._clock())
        return json_response(
            Receipt(
                state=heard.state,
                counted_view=heard.viewed,
                played_s=heard.played_ms / 1000,
                heartbeat_interval_s=heard.interval_ms / 1000,
                expires_at=heard.lapses_at,
            )
        )

    @operation(
        summary="Who watches an asset",
        tag=TAG,
        replies={200: Reply(description="The audience", kind=AudienceView)},
        errors=(AssetNotFound, NotPublished),
    )
    async def viewers(self, request: Request) -> Response:
        asset = await self._visible(AssetId(request.path_params["id"]), await principal(request))
        return await self._audience(request, asset.id)

    @operation(
        summary="Who watches a channel",
        tag=TAG,
        description="Its present or last event, or an earlier one.",
        parameters=(Parameter(name="event", kind=int, description="Number of the event, from 1."),),
        replies={200: Reply(description="The audience", kind=AudienceView)},
        errors=(ChannelNotFound, BadQuery),
    )
    async def channel_viewers(self, request: Request) -> Response:
        channel = await enter(request, self._doors, ChannelId(request.path_params["id"]))
        return await self._audience(request, ChannelEvent(channel=channel.id, event=_event(request, channel)))

    async def _audience(self, request: Request, subject: Subject) -> Response:
        who = await principal(request)
        audience = await self._sessions.audience(subject, now=self._clock())
        tally, event = audience.tally, subject if isinstance(subject, ChannelEvent) else None
        return json_response(
            AudienceView(
                asset=None if isinstance(subject, ChannelEvent) else subject,
                channel=None if event is None else event.channel,
                event=None if event is None else event.event,
                now=audience.now,
                peak=audience.peak,
                attempts=tally.attempts,
                starts=tally.starts,
                views=tally.views,
                visitors_today=audience.visitors_today,
                played_s=tally.played_ms / 1000,
                qoe=quality(tally) if sees_all(who) else None,
            )
        )

    async def _content(self, request: Request, wanted: NewSession) -> _Content:
        """Raises InvalidField, AssetNotFound, NotPublished, ChannelNotFound, NotPlayable."""
        if (wanted.asset is None) == (wanted.channel is None):
            raise InvalidField("Name an asset or a channel.", pointer="")
        if wanted.channel is not None:
            channel = await enter(request, self._doors, ChannelId(wanted.channel))
            if channel.state in (ChannelState.IDLE, ChannelState.WAITING):
                raise NotPlayable("Nothing has been sent to this channel yet.", state=channel.state.value)
            subject = ChannelEvent(channel=channel.id, event=channel.event)
            return _Content(subject=subject, duration_ms=None, path=f"/live/{channel.id}/index.m3u8")
        asset = await self._visible(AssetId(wanted.asset or ""), await principal(request))
        if asset.playing is None:
            raise _not_playable(asset)
        duration_ms = None if asset.duration_s is None else round(asset.duration_s * 1000)
        return _Content(subject=asset.id, duration_ms=duration_ms, path=f"/v/{asset.id}/index.m3u8")

    async def _visible(self, asset_id: AssetId, who: Principal | None) -> Asset:
        asset = await self._catalogue.get(asset_id)
        check_visible(asset, who)
        return asset


def _event(request: Request, channel: Channel) -> int:
    """The number of the event that is asked about. Raises BadQuery."""
    asked = request.query_params.get("event")
    if asked is None:
        return channel.event
    if not re.fullmatch("[1-9][0-9]{0,8}", asked) or int(asked) > channel.event:
        raise BadQuery("event", f"a number from 1 to {channel.event}, as many as the channel had.")
    return int(asked)


def _scope(who: Principal | None) -> str:
    """Who vouches for the viewer's name (see `Identity.viewer`)."""
    return f"service {who.name}" if who is not None and who.role is Role.VIEWER_SERVICE else "player"


def _stranger(request: Request) -> str:
    """What tells visitors without a name apart for a day. It is hashed with the day's key at once, and not kept."""
    address = request.client.host if request.client else ""
    return f"{address}\0{request.headers.get('user-agent', '')}"


def _not_playable(asset: Asset) -> NotPlayable:
    if asset.state is AssetState.FAILED:
        return NotPlayable("This asset could not be made. Upload another source.", state=asset.state.value)
    return NotPlayable(state=asset.state.value)


def routes(
    sessions: Sessions, catalogue: Catalogue, doors: Doors, *, clock: Clock, public_url: str = ""
) -> list[BaseRoute]:  # fmt: skip
    """The routes of the capability; `public_url` is how the world reaches them ("": as each request did)."""
    api = SessionsApi(sessions, catalogue, doors, clock=clock, public_url=public_url)
    return [
        Route("/api/sessions", api.create, methods=["POST"]),
        Route("/api/sessions/{id}/events", api.report, methods=["POST"]),
        Route("/api/assets/{id}/viewers", api.viewers, methods=["GET"]),
        Route("/api/channels/{id}/viewers", api.channel_viewers, methods=["GET"]),
    ]
