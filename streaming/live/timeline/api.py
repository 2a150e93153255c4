"""`/api/channels/{id}/timeline`: marks of an event, for editors; `/live/{channel}/timeline.json`: for players."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from manifests.layout import ChannelId
from streaming.http.auth import InvalidToken, Role, require
from streaming.http.body import InvalidField, MalformedJson, json_response, read_json
from streaming.http.caching import not_modified, strong_etag
from streaming.http.openapi import Content, Parameter, Reply, operation
from streaming.live.channels.errors import ChannelNotFound
from streaming.live.timeline import model
from streaming.live.timeline.errors import MarkContradicted, MarkExists, MarkNotFound, NoEventRuns, TimelineFull
from streaming.live.timeline.model import INSTANTS, MARK_ID, Kind, Mark, Source
from streaming.live.viewing.errors import NothingLive
from streaming.live.watching.policy import enter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from fractions import Fraction

    from starlette.requests import Request

    from manifests.hls.date_range import Value
    from streaming.clock import Clock
    from streaming.live.channels.service import Channels
    from streaming.live.timeline.service import Kept, Timelines
    from streaming.live.viewing.doors import Doors
    from streaming.live.viewing.service import Viewing

T = TypeVar("T")
_TAG: Final = "timeline"
_AHEAD: Final = timedelta(days=1)
_PUBLIC: Final = "public, max-age=1"
_PRIVATE: Final = "private, no-store"
_ERRORS: Final = (ChannelNotFound, NoEventRuns, TimelineFull, InvalidField, MalformedJson)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedMark:
    """A mark to be made. `id`: of your choice, so that asking twice makes one. `at`: now, if it is left out. Markers
    and sport events are instants unless they say how long they last; all else goes on until it is ended. `attributes`
    become attributes of EXT-X-DATERANGE: names begin with X-, values are texts, numbers, or bytes as 0x…"""

    kind: Kind
    id: str = ""
    at: datetime | None = None
    duration_s: float | None = None
    planned_duration_s: float | None = None
    title: str = ""
    attributes: dict[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MoreOfMark:
    """What is to be said besides. `ended`: it ends now; `duration_s`: it ended, or will end, so long after it began."""

    ended: bool = False
    duration_s: float | None = None
    planned_duration_s: float | None = None
    title: str = ""
    attributes: dict[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicMark:
    """A mark as players see it. `duration_s` null: its end is not known."""

    id: str
    kind: Kind
    at: datetime
    duration_s: float | None
    planned_duration_s: float | None
    title: str
    attributes: dict[str, str | float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMark(PublicMark):
    """A mark as editors see it. `source` scte35: it came with the feed."""

    event: int
    source: Source
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkList:
    """The marks of an event, by where they begin."""

    event: int
    marks: list[ShownMark]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicMarks:
    """What lies in the window, and what is to come, by where it begins."""

    event: int
    marks: list[PublicMark]


class TimelineApi:
    def __init__(
        self, timelines: Timelines, channels: Channels, viewing: Viewing, doors: Doors, *, clock: Clock
    ) -> None:
        self._timelines, self._channels, self._clock = timelines, channels, clock
        self._viewing, self._doors = viewing, doors

    @operation(
        summary="Marks of an event",
        tag=_TAG,
        role=Role.EDITOR,
        parameters=(Parameter(name="event", kind=int, description="Number of the event; else the latest."),),
        replies={200: Reply(description="All, those that left the playlists too", kind=MarkList)},
        errors=(ChannelNotFound, InvalidField),
    )  # fmt: skip
    async def index(self, request: Request) -> Response:
        await require(request, Role.EDITOR)
        channel = await self._channels.get(_channel(request))
        asked = request.query_params.get("event", str(channel.event))
        if not (asked.isascii() and asked.isdigit() and len(asked) < 10):
            raise InvalidField("The number of an event.", pointer="/event")
        marks = await self._timelines.list(channel.id, int(asked))
        return json_response(MarkList(event=int(asked), marks=[_shown(each) for each in marks]))

    @operation(
        summary="Mark a moment or a stretch of the event that runs",
        tag=_TAG,
        description="It stands in the playlists of all renditions (EXT-X-DATERANGE) with the next part.",
        role=Role.EDITOR,
        request=Content(kind=WantedMark),
        replies={
            200: Reply(description="It was there, just so", kind=ShownMark),
            201: Reply(description="Made", kind=ShownMark, headers={"Location": "Its address."}),
        },
        errors=(*_ERRORS, MarkExists),
    )
    async def create(self, request: Request) -> Response:
        who = await require(request, Role.EDITOR)
        channel = await self._channels.get(_channel(request))
        wanted = await read_json(request, WantedMark)
        if wanted.id and MARK_ID.fullmatch(wanted.id) is None:
            raise InvalidField("Up to 64 letters, digits, - and _.", pointer="/id")
        earliest = max(channel.started_at or channel.created_at, self._clock() - channel.dvr)
        mark = Mark(
            id=wanted.id or model.new_mark_id(), kind=wanted.kind, at=self._at(wanted.at, earliest),
            duration=_duration(wanted), planned=_seconds(wanted.planned_duration_s, "/planned_duration_s"),
            title=_checked(lambda: model.title_of(wanted.title), "/title"), attributes=_attributes(wanted.attributes),
        )  # fmt: skip
        kept, is_new = await self._timelines.add(channel.id, mark, by=who.name, dated=wanted.at is not None)
        where = {"Location": f"/api/channels/{channel.id}/timeline/{mark.id}"} if is_new else {}
        return json_response(_shown(kept), 201 if is_new else 200, where)

    @operation(
        summary="End a mark, or say more of it",
        tag=_TAG,
        description="What was said stays said: players do not take back what they were told (RFC 8216bis §4.4.5.1).",
        role=Role.EDITOR,
        request=Content(kind=MoreOfMark),
        replies={200: Reply(description="As it is now", kind=ShownMark)},
        errors=(*_ERRORS, MarkNotFound, MarkContradicted),
    )
    async def change(self, request: Request) -> Response:
        who = await require(request, Role.EDITOR)
        wanted = await read_json(request, MoreOfMark)
        if wanted.ended and wanted.duration_s is not None:
            raise InvalidField("Say either that it ends now, or when.", pointer="/ended")
        more = model.more_of(
            duration=_seconds(wanted.duration_s, "/duration_s"),
            planned=_seconds(wanted.planned_duration_s, "/planned_duration_s"),
            title=_checked(lambda: model.title_of(wanted.title), "/title"),
            attributes=_attributes(wanted.attributes),
        )
        kept = await self._timelines.say(
            _channel(request), request.path_params["mark"], more, ended=wanted.ended, by=who.name
        )  # fmt: skip
        return json_response(_shown(kept))

    @operation(
        summary="Marks of a live channel, for players",
        tag="live playback",
        description="The same that the playlists have as EXT-X-DATERANGE, for bars and lists.",
        replies={
            200: Reply(description="Marks", kind=PublicMarks, headers={"ETag": "Its tag."}),
            304: Reply(description="As named in If-None-Match"),
        },
        errors=(ChannelNotFound, NothingLive, InvalidToken),
    )
    async def public(self, request: Request) -> Response:
        channel = await enter(request, self._doors, ChannelId(request.path_params["channel"]))
        event, timeline = await self._viewing.timeline(channel.id)
        marks = [PublicMark(**_public(mark)) for mark in model.marks_of(timeline.tags())]
        body = msgspec.json.encode(PublicMarks(event=event, marks=marks))
        headers = {"Cache-Control": _PUBLIC if channel.public else _PRIVATE, "ETag": strong_etag(body)}
        unchanged = not_modified(request, headers["ETag"], headers)
        return unchanged or Response(body, headers=headers, media_type="application/json")

    def _at(self, asked: datetime | None, earliest: datetime) -> datetime:
        now = self._clock()
        if asked is None:
            return model.in_ms(now)
        if asked.tzinfo is None:
            raise InvalidField("A date with a time zone.", pointer="/at")
        if not earliest <= asked <= now + _AHEAD:
            raise InvalidField("Inside the window that viewers can go back in, or a day ahead at most.", pointer="/at")
        return model.in_ms(asked)


def _channel(request: Request) -> ChannelId:
    return ChannelId(request.path_params["id"])


def _checked(make: Callable[[], T], pointer: str) -> T:
    try:
        return make()
    except ValueError as exc:
        raise InvalidField(str(exc), pointer=pointer) from exc


def _seconds(value: float | None, pointer: str) -> Fraction | None:
    return None if value is None else _checked(lambda: model.seconds(value), pointer)


def _duration(wanted: WantedMark) -> Fraction | None:
    is_open = wanted.planned_duration_s is not None or wanted.kind not in INSTANTS
    return _seconds(wanted.duration_s if is_open or wanted.duration_s is not None else 0, "/duration_s")


def _attributes(asked: Mapping[str, str | float]) -> dict[str, Value]:
    if len(asked) > model.ATTRIBUTES:
        raise InvalidField(f"At most {model.ATTRIBUTES}.", pointer="/attributes")
    return {name: _attribute(name, value) for name, value in asked.items()}


def _attribute(name: str, value: str | float) -> Value:
    step = name.replace("~", "~0").replace("/", "~1")  # RFC 6901 §3
    return _checked(lambda: model.attribute(name, value), f"/attributes/{step}")


def _public(mark: Mark) -> dict[str, Any]:
    return {
        "id": mark.id, "kind": mark.kind, "at": mark.at,
        "duration_s": None if mark.duration is None else float(mark.duration),
        "planned_duration_s": None if mark.planned is None else float(mark.planned), "title": mark.title,
        "attributes": {name: model.plain(value) for name, value in sorted(mark.attributes.items())},
    }  # fmt: skip


def _shown(kept: Kept) -> ShownMark:
    return ShownMark(
        **_public(kept.mark), event=kept.event, source=kept.source, created_by=kept.created_by,
        created_at=kept.created_at,
    )  # fmt: skip


def routes(
    timelines: Timelines, channels: Channels, viewing: Viewing, doors: Doors, *, clock: Clock
) -> list[BaseRoute]:
    api = TimelineApi(timelines, channels, viewing, doors, clock=clock)
    return [
        Route("/api/channels/{id}/timeline", api.index, methods=["GET"]),
        Route("/api/channels/{id}/timeline", api.create, methods=["POST"]),
        Route("/api/channels/{id}/timeline/{mark}", api.change, methods=["PATCH"]),
        Route("/live/{channel}/timeline.json", api.public, methods=["GET"]),
    ]
