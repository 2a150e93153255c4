"""`/v/{asset}/…`: playlists, init sections and segments for players.

A query (CMCD, cache busters) and headers that are not understood are ignored: they never make another answer.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Final

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from manifests import media_types
from manifests.layout import AssetId, RenditionId, is_captions
from streaming.catalog.errors import AssetNotFound, NotPublished
from streaming.http.auth import InvalidToken, principal
from streaming.http.caching import if_range, not_modified
from streaming.http.openapi import Parameter, Reply, operation
from streaming.http.problem import RangeNotSatisfiable
from streaming.http.ranges import parse_range
from streaming.playback.errors import (
    AssetFailed,
    NoDash,
    NoIFrames,
    NoMpdYet,
    NothingToPlay,
    NotPlayableYet,
    RenditionNotFound,
    SegmentNotFound,
    SegmentPending,
)
from streaming.playback.media import ObjectResponse
from streaming.playback.metrics import note_player
from streaming.playback.playlists import playlist_response
from streaming.playback.policy import media_lifetime, playlist_lifetime

if TYPE_CHECKING:
    from starlette.requests import Request

    from streaming.playback.service import MediaObject, Playback, Played

# One URL a segment: 7.m4s, never 07.m4s or +7.m4s.
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,8}")

_ASSET_ERRORS: Final = (AssetNotFound, NotPublished, InvalidToken, NothingToPlay, AssetFailed, NotPlayableYet)
_MEDIA_ERRORS: Final = (*_ASSET_ERRORS, RenditionNotFound, SegmentPending, RangeNotSatisfiable)
_PLAYLIST: Final = {
    200: Reply(description="The playlist, compressed if the client likes that", media_type=media_types.M3U8),
    304: Reply(description="As named in If-None-Match"),
}
_RANGE: Final = Parameter(name="Range", where="header", description="One range of bytes; several mean the whole.")


def _media_replies(media_type: str) -> dict[int, Reply]:
    return {
        200: Reply(description="All of it", media_type=media_type, headers={"ETag": "Its tag."}),
        206: Reply(description="The range", media_type=media_type, headers={"Content-Range": "Which bytes."}),
        304: Reply(description="As named in If-None-Match"),
    }


class PlaybackApi:
    def __init__(self, playback: Playback, *, public_url: str) -> None:
        self._playback = playback
        self._public_url = public_url

    @operation(
        summary="Multivariant playlist",
        tag="playback",
        description="Complete from the moment an asset is playable; bandwidths are measured once it is ready.",
        replies=_PLAYLIST,
        errors=_ASSET_ERRORS,
    )
    async def multivariant(self, request: Request) -> Response:
        played = await self._play(request)
        playlist = await self._playback.multivariant(played)
        return playlist_response(request, playlist, cache_control=playlist_lifetime(played.asset, naming=True))

    @operation(
        summary="DASH manifest",
        tag="playback",
        description="The same segments as in HLS; complete from the moment the source has arrived. Of an encrypted "
        "asset it says where ClearKey gives the key.",
        replies={
            200: Reply(description="The MPD, compressed if the client likes that", media_type=media_types.MPD),
            304: _PLAYLIST[304],
        },
        errors=(*_ASSET_ERRORS, NoDash, NoMpdYet),
    )
    async def mpd(self, request: Request) -> Response:
        played = await self._play(request)
        manifest = await self._playback.mpd(played, license_url=self._beside(request, "license"))
        lifetime = playlist_lifetime(played.asset, naming=True)
        return playlist_response(request, manifest, cache_control=lifetime, media_type=media_types.MPD)

    @operation(
        summary="Media playlist of a rendition",
        tag="playback",
        description="Complete from the moment the source has arrived; until then an EVENT that grows.",
        replies=_PLAYLIST,
        errors=(*_ASSET_ERRORS, RenditionNotFound),
    )
    async def media_playlist(self, request: Request) -> Response:
        played, rendition = await self._play(request), RenditionId(request.path_params["rendition"])
        if is_captions(rendition):
            playlist = await self._playback.caption_playlist(played, rendition)
            return playlist_response(request, playlist, cache_control=media_lifetime(played.asset))
        playlist = self._playback.media_playlist(played, rendition)
        lifetime = playlist_lifetime(played.asset, growing=played.title.growing)
        return playlist_response(request, playlist, cache_control=lifetime)

    @operation(
        summary="I-frame playlist of a rendition",
        tag="playback",
        description="Key pictures for scrubbing: byte ranges of the segments of a few rungs, once the asset is ready.",
        replies=_PLAYLIST,
        errors=(*_ASSET_ERRORS, RenditionNotFound, NoIFrames),
    )
    async def iframe_playlist(self, request: Request) -> Response:
        played = await self._play(request)
        playlist = await self._playback.iframe_playlist(played, request.path_params["rendition"])
        return playlist_response(request, playlist, cache_control=playlist_lifetime(played.asset))

    @operation(
        summary="Init section of a rendition",
        tag="playback",
        parameters=(_RANGE,),
        replies=_media_replies(media_types.VIDEO_INIT),
        errors=_MEDIA_ERRORS,
    )
    async def init_section(self, request: Request) -> Response:
        played = await self._play(request)
        return await self._media(request, self._playback.init_section(played, request.path_params["rendition"]))

    @operation(
        summary="Segment of a rendition",
        tag="playback",
        description="A segment that is not encoded yet is encoded next; the answer waits for it.",
        parameters=(_RANGE,),
        replies=_media_replies(media_types.SEGMENT),
        errors=(*_MEDIA_ERRORS, SegmentNotFound),
    )
    async def segment(self, request: Request) -> Response:
        played = await self._play(request)
        number = request.path_params["number"]
        if _NUMBER.fullmatch(number) is None:
            raise SegmentNotFound
        note_player(request.url.query, request.headers)
        media = await self._playback.segment(played, request.path_params["rendition"], int(number))
        return await self._media(request, media)

    @operation(
        summary="Segment of captions",
        tag="playback",
        description="WebVTT. Captions that were replaced stay for a day, for who is watching.",
        parameters=(_RANGE,),
        replies=_media_replies(media_types.VTT),
        errors=(*_ASSET_ERRORS, SegmentNotFound, RangeNotSatisfiable),
    )
    async def caption_segment(self, request: Request) -> Response:
        played, rendition = await self._play(request), RenditionId(request.path_params["rendition"])
        number = request.path_params["number"]
        if _NUMBER.fullmatch(number) is None or not is_captions(rendition):
            raise SegmentNotFound
        return await self._media(request, self._playback.caption_segment(played, rendition, int(number)))

    def _beside(self, request: Request, name: str) -> str:
        """The absolute address of what lies beside a manifest: players do not resolve every one themselves."""
        path = f"{request.url.path.rpartition('/')[0]}/{name}"
        return f"{self._public_url}{path}" if self._public_url else str(request.url.replace(path=path, query=""))

    async def _play(self, request: Request) -> Played:
        asset, rendition = AssetId(request.path_params["asset"]), request.path_params.get("rendition")
        return await self._playback.play(asset, partial(principal, request), rendition)

    async def _media(self, request: Request, media: MediaObject) -> Response:
        headers = {"Cache-Control": media_lifetime(media.played.asset), "Accept-Ranges": "bytes"}
        if request.method == "GET" and "range" not in request.headers and "if-none-match" not in request.headers:
            body = await self._playback.open(media)
            headers["ETag"] = f'"{body.stat.etag}"'
            return ObjectResponse(body, status_code=200, headers=headers, media_type=media.media_type)
        stat = await self._playback.stat(media)
        headers["ETag"] = etag = f'"{stat.etag}"'
        unchanged = not_modified(request, etag, headers)
        if unchanged is not None:
            return unchanged
        if request.method == "HEAD":
            headers["Content-Length"] = str(stat.size)
            return Response(headers=headers, media_type=media.media_type)
        # RFC 9110 §13.1.5: a range of another version would be glued to what the client has.
        asked = request.headers.get("range") if if_range(request.headers.get("if-range"), etag) else None
        part = parse_range(asked, stat.size)
        if part is None:
            body = await self._playback.open(media)
            return ObjectResponse(body, status_code=200, headers=headers, media_type=media.media_type)
        headers["Content-Range"] = part.content_range
        body = await self._playback.open(media, start=part.start, length=part.length)
        return ObjectResponse(body, status_code=206, headers=headers, media_type=media.media_type)


def routes(playback: Playback, *, public_url: str = "") -> list[BaseRoute]:
    """`public_url` is how the world reaches them ("": as each request did)."""
    api = PlaybackApi(playback, public_url=public_url)
    return [
        Route("/v/{asset}/index.m3u8", api.multivariant, methods=["GET"]),
        Route("/v/{asset}/manifest.mpd", api.mpd, methods=["GET"]),
        Route("/v/{asset}/{rendition}/index.m3u8", api.media_playlist, methods=["GET"]),
        Route("/v/{asset}/{rendition}/iframes.m3u8", api.iframe_playlist, methods=["GET"]),
        Route("/v/{asset}/{rendition}/init.mp4", api.init_section, methods=["GET"]),
        Route("/v/{asset}/{rendition}/{number}.m4s", api.segment, methods=["GET"]),
        Route("/v/{asset}/{rendition}/{number}.vtt", api.caption_segment, methods=["GET"]),
    ]
