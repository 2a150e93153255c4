"""`/live/{channel}/…`: playlists, parts, segments and init sections of what runs now.

A query other than the delivery directives (CMCD, cache busters) makes no other answer.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from manifests import media_types
from manifests.errors import LiveError
from manifests.hls import date_time
from manifests.layout import ChannelId, RenditionId
from manifests.live import directives, names
from streaming.http.auth import InvalidToken
from streaming.http.caching import if_range, not_modified
from streaming.http.openapi import Parameter, Reply, operation
from streaming.http.problem import RangeNotSatisfiable
from streaming.http.ranges import parse_range
from streaming.live.channels.errors import ChannelNotFound
from streaming.live.channels.model import ChannelState
from streaming.live.viewing.errors import (
    EventUnknown,
    LiveMediaNotFound,
    LiveRenditionNotFound,
    NothingLive,
    PartLate,
    WrongDirectives,
)
from streaming.live.viewing.metrics import note_viewer
from streaming.live.watching.policy import enter
from streaming.playback.errors import NoIFrames
from streaming.playback.media import ObjectResponse, StreamedResponse
from streaming.playback.playlists import playlist_response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

    from manifests.live.directives import Directives
    from streaming.live.channels.model import Channel
    from streaming.live.viewing.doors import Doors
    from streaming.live.viewing.service import Answer, Viewing

_TAG: Final = "live playback"
_PRIVATE: Final = "private, no-store"
_NAMING: Final = "public, max-age=2"
_NAMING_MPD: Final = "public, max-age=1"
"""It tells players the time, which a cache makes older."""
_ON_AIR: Final = frozenset({ChannelState.LIVE, ChannelState.INTERRUPTED})
_ERRORS: Final = (ChannelNotFound, NothingLive, InvalidToken, EventUnknown)
_PLAYLIST: Final = {
    200: Reply(description="The playlist, compressed if the client likes that", media_type=media_types.M3U8),
    304: Reply(description="As named in If-None-Match"),
}
_MPD: Final = {
    200: Reply(description="The MPD, compressed if the client likes that", media_type=media_types.MPD),
    304: Reply(description="As named in If-None-Match"),
}
_MEDIA: Final = {
    200: Reply(description="All of it", media_type=media_types.SEGMENT, headers={"ETag": "Its tag."}),
    206: Reply(description="The range", media_type=media_types.SEGMENT, headers={"Content-Range": "Which bytes."}),
}
_DIRECTIVES: Final = (
    Parameter(name=directives.MSN, kind=int, description="Answer when this segment, or the part of it, is there."),
    Parameter(name=directives.PART, kind=int, description="Answer when this part of it is there."),
    Parameter(name=directives.SKIP, description="YES or v2: a delta update will do."),
)


class ViewingApi:
    def __init__(self, viewing: Viewing, doors: Doors) -> None:
        self._viewing, self._doors = viewing, doors

    @operation(
        summary="Multivariant playlist of a channel",
        tag=_TAG,
        description="There from the first segment of an event on.",
        replies=_PLAYLIST,
        errors=_ERRORS,
    )
    async def multivariant(self, request: Request) -> Response:
        channel = await self._enter(request)
        with _told(channel):
            playlist = await self._viewing.multivariant(channel.id)
        return playlist_response(request, playlist, cache_control=_NAMING if channel.public else _PRIVATE)

    @operation(
        summary="MPD of a channel, for players that speak DASH",
        tag=_TAG,
        description="The same segments as in HLS, whole ones. What interrupts begins a new period.",
        replies=_MPD,
        errors=_ERRORS,
    )
    async def mpd(self, request: Request) -> Response:
        channel = await self._enter(request)
        with _told(channel):
            manifest = await self._viewing.mpd(channel.id)
        lifetime = _NAMING_MPD if channel.public else _PRIVATE
        return playlist_response(request, manifest, cache_control=lifetime, media_type=media_types.MPD)

    @operation(
        summary="MPD of a channel, for players that speak Low-Latency DASH",
        tag=_TAG,
        description="Segments are asked for by the clock, and while they grow. Others take the other MPD.",
        replies=_MPD,
        errors=_ERRORS,
    )
    async def low_latency_mpd(self, request: Request) -> Response:
        channel = await self._enter(request)
        with _told(channel):
            manifest = await self._viewing.mpd(channel.id, low_latency=True)
        lifetime = _NAMING_MPD if channel.public else _PRIVATE
        return playlist_response(request, manifest, cache_control=lifetime, media_type=media_types.MPD)

    @operation(
        summary="The time",
        tag=_TAG,
        description="By which segments are made (UTCTiming of the MPD for low latency).",
        replies={200: Reply(description="In ISO 8601, to the millisecond", media_type=media_types.TEXT)},
    )
    async def time(self, request: Request) -> Response:
        now = date_time.render(self._viewing.now())
        return Response(now, headers={"Cache-Control": "no-store"}, media_type=media_types.TEXT)

    @operation(
        summary="Media playlist of a live rendition",
        tag=_TAG,
        description="Low-Latency HLS: blocking reload and delta updates (RFC 8216bis §6.2.5). Players that know of "
        "neither read the same playlist.",
        parameters=_DIRECTIVES,
        replies=_PLAYLIST,
        errors=(*_ERRORS, LiveRenditionNotFound, WrongDirectives, PartLate),
    )
    async def media_playlist(self, request: Request) -> Response:
        channel, asked = await self._enter(request), _asked(request)
        with _told(channel):
            answer = await self._viewing.playlist(channel.id, _rendition(request), asked)
        assert answer.playlist is not None  # noqa: S101 - a playlist was asked for
        return playlist_response(request, answer.playlist, cache_control=_lifetime(channel, answer))

    @operation(
        summary="I-frame playlist of a live rendition",
        tag=_TAG,
        description="Key pictures for scrubbing: byte ranges of the whole segments of two rungs. It has no parts, so "
        "`_HLS_part` is refused.",
        parameters=_DIRECTIVES,
        replies=_PLAYLIST,
        errors=(*_ERRORS, LiveRenditionNotFound, NoIFrames, WrongDirectives, PartLate),
    )
    async def iframe_playlist(self, request: Request) -> Response:
        channel, asked = await self._enter(request), _asked(request)
        with _told(channel):
            answer = await self._viewing.iframe_playlist(channel.id, _rendition(request), asked)
        assert answer.playlist is not None  # noqa: S101 - a playlist was asked for
        return playlist_response(request, answer.playlist, cache_control=_lifetime(channel, answer))

    @operation(
        summary="Init section of a live rendition",
        tag=_TAG,
        replies={200: Reply(description="All of it", media_type=media_types.VIDEO_INIT)},
        errors=(*_ERRORS, LiveRenditionNotFound, LiveMediaNotFound),
    )
    async def init_section(self, request: Request) -> Response:
        is_sound = _rendition(request).startswith("a")
        return await self._media(request, media_types.AUDIO_INIT if is_sound else media_types.VIDEO_INIT)

    @operation(
        summary="Segment or part of a live rendition",
        tag=_TAG,
        description="`{n}` is a segment, `{n}.{i}` a part of it. The part that the playlist hints at can be asked for "
        "at once: the answer waits for it. A segment that grows is sent as it grows, in chunks; if its rest does not "
        "come the connection is cut. Who asks for a range, or speaks HTTP/1.0, waits until it is whole.",
        parameters=(Parameter(name="Range", where="header", description="One range of bytes."),),
        replies=_MEDIA,
        errors=(*_ERRORS, LiveRenditionNotFound, LiveMediaNotFound, PartLate, RangeNotSatisfiable),
    )
    async def segment(self, request: Request) -> Response:
        note_viewer(request.url.query, request.headers)
        return await self._media(request, media_types.SEGMENT)

    async def _enter(self, request: Request) -> Channel:
        """The channel, if it may be watched by whoever asks. Raises ChannelNotFound, InvalidToken."""
        return await enter(request, self._doors, ChannelId(request.path_params["channel"]))

    async def _media(self, request: Request, media_type: str) -> Response:
        channel = await self._enter(request)
        name = names.parse(request.url.path.rpartition("/")[2])
        if name is None:
            raise LiveMediaNotFound
        wanted, condition = request.headers.get("range"), request.headers.get("if-range")
        whole = wanted is not None or request.scope["http_version"] == "1.0"
        # What comes from the bucket has no tag, so none can be meant (RFC 9110 §13.1.5).
        of_bucket = wanted if condition is None else None
        with _told(channel):
            answer = await self._viewing.media(
                channel.id, _rendition(request), name, whole=whole, range_header=of_bucket
            )
        headers = {"Cache-Control": _lifetime(channel, answer), "Accept-Ranges": "bytes"}
        if answer.growing is not None:
            # Each part goes on at once, through proxies that collect what they forward, too.
            headers["X-Accel-Buffering"] = "no"
            return StreamedResponse(answer.growing, length=None, headers=headers, media_type=media_type)
        if answer.stored is not None:
            if answer.part is None:
                return ObjectResponse(answer.stored, status_code=200, headers=headers, media_type=media_type)
            headers["Content-Range"] = answer.part.content_range
            return ObjectResponse(answer.stored, status_code=206, headers=headers, media_type=media_type)
        body = answer.body or b""
        headers["ETag"] = answer.tag
        unchanged = not_modified(request, answer.tag, headers)
        if unchanged is not None:
            return unchanged
        part = parse_range(wanted if if_range(condition, answer.tag) else None, len(body))
        if part is None:
            return Response(body, headers=headers, media_type=media_type)
        headers["Content-Range"] = part.content_range
        return Response(
            body[part.start : part.start + part.length], status_code=206, headers=headers, media_type=media_type
        )  # fmt: skip


@contextmanager
def _told(channel: Channel) -> Iterator[None]:
    """Of a channel that is on air nobody says that there were nothing: it begins, or Redis has lost it for a moment."""
    try:
        yield
    except NothingLive as exc:
        if channel.state in _ON_AIR:
            raise EventUnknown from exc
        raise


def _asked(request: Request) -> Directives:
    try:
        return directives.parse(request.query_params.multi_items())
    except LiveError as exc:
        raise WrongDirectives(f"{exc}.") from exc


def _rendition(request: Request) -> RenditionId:
    return RenditionId(request.path_params["rendition"])


def _lifetime(channel: Channel, answer: Answer) -> str:
    return answer.cache_control if channel.public else _PRIVATE


def routes(viewing: Viewing, doors: Doors) -> list[BaseRoute]:
    api = ViewingApi(viewing, doors)
    return [
        Route("/live/{channel}/index.m3u8", api.multivariant, methods=["GET"]),
        Route("/live/{channel}/manifest.mpd", api.mpd, methods=["GET"]),
        Route("/live/{channel}/low-latency.mpd", api.low_latency_mpd, methods=["GET"]),
        Route("/live/time", api.time, methods=["GET"]),
        Route("/live/{channel}/{rendition}/index.m3u8", api.media_playlist, methods=["GET"]),
        Route("/live/{channel}/{rendition}/iframes.m3u8", api.iframe_playlist, methods=["GET"]),
        Route("/live/{channel}/{rendition}/{init}.mp4", api.init_section, methods=["GET"]),
        Route("/live/{channel}/{rendition}/{number}.m4s", api.segment, methods=["GET"]),
    ]
