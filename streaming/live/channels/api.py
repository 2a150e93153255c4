"""`/api/channels`: live channels and their events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from msgspec import UNSET, UnsetType
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from manifests.layout import AssetId, ChannelId, is_name
from streaming.clock import utc_now
from streaming.http.auth import Role, require
from streaming.http.body import InvalidField, MalformedJson, json_response, read_json
from streaming.http.openapi import Content, Reply, operation
from streaming.live.channels.errors import ChannelBusy, ChannelExists, ChannelNotFound
from streaming.live.channels.model import DVR, LONGEST_WINDOW, SHORTEST_WINDOW, TITLE, Channel, ChannelState
from streaming.live.schedule import fault
from streaming.live.slates.view import slate_url
from streaming.profiles.errors import BrokenProfile, UnknownProfile

if TYPE_CHECKING:
    from starlette.requests import Request

    from infra.ports import ObjectStore
    from streaming.clock import Clock
    from streaming.live.channels.service import Channels, Schedule
    from streaming.profiles.folder import ProfileFolder

_TAG: Final = "live"
_LIFE: Final = "idle → waiting → live ⇄ interrupted → ended; the next start begins another event."

Latency = Literal["low", "relaxed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedChannel:
    """A channel to be made. `id` becomes part of its URL; without one it gets one. `latency` "relaxed": parts of twice
    the length, for viewers far away. `dvr_s`: seconds that viewers may go back. `profile`: whose ladder it has.
    `starts_at`, `ends_at`: when an event begins and ends by itself. `record`: its events become assets."""

    title: str
    id: str = ""
    profile: str = ""
    latency: Latency = "low"
    dvr_s: int = int(DVR.total_seconds())
    public: bool = True
    record: bool = True
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedChannel:
    """What is to change; `profile` and `latency` between events alone, `record` for the next one. `starts_at`,
    `ends_at`: null takes it out of the schedule."""

    title: str | None = None
    profile: str | None = None
    latency: Latency | None = None
    dvr_s: int | None = None
    public: bool | None = None
    record: bool | None = None
    starts_at: datetime | UnsetType | None = UNSET
    ends_at: datetime | UnsetType | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownChannel:
    """A channel. `event` counts its events. `trouble`: why the last publisher was turned away or lost.
    `starts_at`, `ends_at`: when an event will begin and end by itself; null once it has. `recording`: the asset that
    its last event became. `slate_url`: its own slate; null for the built-in one."""

    id: ChannelId
    title: str
    state: ChannelState
    event: int
    profile: str
    latency: str
    dvr_s: int
    public: bool
    record: bool
    recording: AssetId | None
    slate_url: str | None
    trouble: str
    playback_url: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    starts_at: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelList:
    """All channels, newest first."""

    channels: list[ShownChannel]


class ChannelsApi:
    def __init__(
        self, channels: Channels, profiles: ProfileFolder, store: ObjectStore, *, public_url: str, clock: Clock
    ) -> None:  # fmt: skip
        self._channels, self._profiles, self._store = channels, profiles, store
        self._public_url, self._clock = public_url, clock

    @operation(
        summary="List channels", tag=_TAG, role=Role.EDITOR, replies={200: Reply(description="All", kind=ChannelList)}
    )
    async def index(self, request: Request) -> Response:
        await require(request, Role.EDITOR)
        return json_response(ChannelList(channels=[self._shown(each) for each in await self._channels.list()]))

    @operation(
        summary="Make a channel",
        tag=_TAG,
        description="It takes publishers once it is started, by its stream keys.",
        role=Role.PUBLISHER,
        request=Content(kind=WantedChannel),
        replies={201: Reply(description="Made", kind=ShownChannel, headers={"Location": "Its address."})},
        errors=(InvalidField, MalformedJson, ChannelExists, UnknownProfile, BrokenProfile),
    )
    async def create(self, request: Request) -> Response:
        who = await require(request, Role.PUBLISHER)
        wanted = await read_json(request, WantedChannel)
        if wanted.id and not is_name(wanted.id):
            raise InvalidField("Up to 64 letters, digits, - and _.", pointer="/id")
        if wanted.profile:
            await self._profiles.chosen(wanted.profile, tenant=who.name)
        starts_at, ends_at = self._schedule(wanted.starts_at, wanted.ends_at)
        made = await self._channels.create(
            title=_title(wanted.title), channel_id=wanted.id, profile=wanted.profile, latency=wanted.latency,
            dvr=_window(wanted.dvr_s), public=wanted.public, starts_at=starts_at, ends_at=ends_at,
            record=wanted.record, created_by=who.name,
        )  # fmt: skip
        return json_response(self._shown(made), 201, {"Location": f"/api/channels/{made.id}"})

    @operation(
        summary="Look at a channel",
        tag=_TAG,
        description=_LIFE,
        role=Role.EDITOR,
        replies={200: Reply(description="As it is now", kind=ShownChannel)},
        errors=(ChannelNotFound,),
    )
    async def show(self, request: Request) -> Response:
        await require(request, Role.EDITOR)
        return json_response(self._shown(await self._channels.get(_id(request))))

    @operation(
        summary="Change a channel",
        tag=_TAG,
        role=Role.PUBLISHER,
        request=Content(kind=ChangedChannel),
        replies={200: Reply(description="Changed", kind=ShownChannel)},
        errors=(ChannelNotFound, ChannelBusy, InvalidField, MalformedJson, UnknownProfile, BrokenProfile),
    )
    async def change(self, request: Request) -> Response:
        who = await require(request, Role.PUBLISHER)
        wanted = await read_json(request, ChangedChannel)
        if wanted.profile:
            await self._profiles.chosen(wanted.profile, tenant=who.name)
        is_planned = wanted.starts_at is not UNSET or wanted.ends_at is not UNSET
        changed = await self._channels.change(
            _id(request), title=None if wanted.title is None else _title(wanted.title), public=wanted.public,
            dvr=None if wanted.dvr_s is None else _window(wanted.dvr_s), profile=wanted.profile,
            latency=wanted.latency, record=wanted.record,
            schedule=partial(self._planned, wanted) if is_planned else None,
        )  # fmt: skip
        return json_response(self._shown(changed))

    @operation(
        summary="Start an event",
        tag=_TAG,
        description="From now on publishers are let in, and viewers once the first has sent something. Starting what "
        "runs changes nothing.",
        role=Role.PUBLISHER,
        replies={200: Reply(description="It runs", kind=ShownChannel)},
        errors=(ChannelNotFound,),
    )
    async def start(self, request: Request) -> Response:
        await require(request, Role.PUBLISHER)
        return json_response(self._shown(await self._channels.start(_id(request))))

    @operation(
        summary="End the event",
        tag=_TAG,
        description="Publishers are put out; what was shown stays to be seen. Stopping what does not run changes "
        "nothing.",
        role=Role.PUBLISHER,
        replies={200: Reply(description="It has ended", kind=ShownChannel)},
        errors=(ChannelNotFound,),
    )
    async def stop(self, request: Request) -> Response:
        await require(request, Role.PUBLISHER)
        return json_response(self._shown(await self._channels.stop(_id(request))))

    @operation(
        summary="Delete a channel",
        tag=_TAG,
        description="With its keys and all that was shown on it.",
        role=Role.PUBLISHER,
        replies={204: Reply(description="Deleted")},
        errors=(ChannelNotFound, ChannelBusy),
    )
    async def delete(self, request: Request) -> Response:
        await require(request, Role.PUBLISHER)
        await self._channels.delete(_id(request), store=self._store)
        return Response(status_code=204)

    def _planned(self, wanted: ChangedChannel, now: Channel) -> Schedule:
        """Raises InvalidField."""
        return self._schedule(
            now.starts_at if isinstance(wanted.starts_at, UnsetType) else wanted.starts_at,
            now.ends_at if isinstance(wanted.ends_at, UnsetType) else wanted.ends_at,
        )

    def _schedule(self, starts_at: datetime | None, ends_at: datetime | None) -> Schedule:
        """The same in UTC. Raises InvalidField."""
        for name, moment in (("starts_at", starts_at), ("ends_at", ends_at)):
            if moment is not None and moment.tzinfo is None:
                raise InvalidField("Say the zone: Z, or +02:00.", pointer=f"/{name}")
        found = fault(starts_at=starts_at, ends_at=ends_at, now=self._clock())
        if found is not None:
            raise InvalidField(found[1], pointer=f"/{found[0]}")
        return starts_at and starts_at.astimezone(UTC), ends_at and ends_at.astimezone(UTC)

    def _shown(self, channel: Channel) -> ShownChannel:
        return ShownChannel(
            id=channel.id, title=channel.title, state=channel.state, event=channel.event, profile=channel.profile,
            latency=channel.latency, dvr_s=int(channel.dvr.total_seconds()), public=channel.public,
            record=channel.record, recording=channel.recording, slate_url=slate_url(channel),
            trouble=channel.trouble, playback_url=f"{self._public_url}/live/{channel.id}/index.m3u8",
            created_at=channel.created_at, started_at=channel.started_at, ended_at=channel.ended_at,
            starts_at=channel.starts_at, ends_at=channel.ends_at,
        )  # fmt: skip


def _id(request: Request) -> ChannelId:
    return ChannelId(request.path_params["id"])


def _title(text: str) -> str:
    title = text.strip()
    if not 0 < len(title) <= TITLE:
        raise InvalidField(f"Between 1 and {TITLE} characters.", pointer="/title")
    return title


def _window(seconds: int) -> timedelta:
    if not SHORTEST_WINDOW.total_seconds() <= seconds <= LONGEST_WINDOW.total_seconds():
        raise InvalidField(
            f"Between {SHORTEST_WINDOW.total_seconds():.0f} and {LONGEST_WINDOW.total_seconds():.0f} seconds.",
            pointer="/dvr_s",
        )
    return timedelta(seconds=seconds)


def routes(
    channels: Channels, profiles: ProfileFolder, store: ObjectStore, *, public_url: str = "", clock: Clock = utc_now
) -> list[BaseRoute]:  # fmt: skip
    api = ChannelsApi(channels, profiles, store, public_url=public_url, clock=clock)
    return [
        Route("/api/channels", api.index, methods=["GET"]),
        Route("/api/channels", api.create, methods=["POST"]),
        Route("/api/channels/{id}", api.show, methods=["GET"]),
        Route("/api/channels/{id}", api.change, methods=["PATCH"]),
        Route("/api/channels/{id}", api.delete, methods=["DELETE"]),
        Route("/api/channels/{id}/start", api.start, methods=["POST"]),
        Route("/api/channels/{id}/stop", api.stop, methods=["POST"]),
    ]
