"""`/api/assets/{id}/captions`: subtitle and caption tracks, from files or from an editor's hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from manifests import media_types
from manifests.captions.write import webvtt
from manifests.captions.write_srt import srt
from manifests.layout import AssetId
from streaming.captions.errors import CaptionConflict, CaptionsUnreadable, CaptionTrackNotFound, TooManyCaptions
from streaming.captions.views import (
    CaptionListView,
    CaptionTrackView,
    CaptionTrackWithCues,
    list_view,
    track_view,
    track_with_cues,
)
from streaming.captions.wire import CaptionPatch, Cues, naming_of, patched, read_text
from streaming.catalog.errors import AssetNotFound, BadQuery
from streaming.http.auth import Role, require
from streaming.http.body import InvalidField, MalformedJson, json_response, read_json
from streaming.http.caching import not_modified
from streaming.http.openapi import Content, Parameter, Reply, operation

if TYPE_CHECKING:
    from starlette.requests import Request

    from streaming.captions.model import Track, TrackList
    from streaming.captions.publisher import Publisher
    from streaming.captions.service import Captions
    from streaming.catalog.service import Catalogue

_TAG: Final = "captions"
_PRIVATE: Final = {"Cache-Control": "private, no-cache"}
_SRT: Final = "application/x-subrip"
_FILE: Final = "A WebVTT, SRT, TTML, SCC, STL or ASS file as it is (curl --data-binary), or JSON cues."
_FILENAME: Final = Parameter(
    name="filename", description="Name of the file, for where its content leaves the format open."
)
_ENCODING: Final = Parameter(name="encoding", description="Its encoding, where it is not Unicode and is guessed wrong.")
_IF_MATCH: Final = Parameter(
    name="If-Match", where="header", description="The ETag that was read: refused with 412 if it was changed since."
)
_ETAG: Final = {"ETag": "Its tag, for If-Match."}


class CaptionsApi:
    def __init__(self, catalogue: Catalogue, captions: Captions, publisher: Publisher) -> None:
        self._catalogue = catalogue
        self._captions = captions
        self._publisher = publisher

    @operation(
        summary="List an asset's captions",
        tag=_TAG,
        description="Those from inside the source come by themselves; `notes` says what of them cannot become text.",
        role=Role.EDITOR,
        replies={200: Reply(description="The tracks", kind=CaptionListView)},
        errors=(AssetNotFound,),
    )
    async def index(self, request: Request) -> Response:
        await require(request, Role.EDITOR)
        asset = await self._catalogue.get(_asset(request))
        return json_response(list_view(asset, await self._captions.tracks(asset.id)), headers=_PRIVATE)

    @operation(
        summary="Add captions",
        tag=_TAG,
        description="At any time: before the source has come, while it is encoded, on a published asset. Viewers get "
        "them with the next multivariant playlist that they load.",
        role=Role.EDITOR,
        parameters=(
            Parameter(name="language", required=True, description="Language of the text (BCP 47)."),
            Parameter(name="name", description="What viewers choose by; the language's own name if left out."),
            Parameter(
                name="kind", description="subtitles (if left out), captions (with sounds), descriptions or forced."
            ),
            Parameter(name="default", kind=bool, description="Shown unasked. At most one track is."),
            _FILENAME,
            _ENCODING,
        ),
        request=Content(media_type="application/octet-stream", description=_FILE),
        replies={201: Reply(description="Added", kind=CaptionTrackView, headers={"Location": "Its address.", **_ETAG})},
        errors=(AssetNotFound, BadQuery, CaptionsUnreadable, TooManyCaptions, InvalidField, MalformedJson),
    )
    async def add(self, request: Request) -> Response:
        who = await require(request, Role.EDITOR)
        naming, asset_id = naming_of(request.query_params), _asset(request)
        await self._captions.tracks(asset_id)  # a file for nobody is not read
        text = await read_text(request)
        tracks, track = await self._captions.add(asset_id, naming, text, by=who.name)
        location = f"/api/assets/{asset_id}/captions/{track.id}"
        return await self._changed(tracks, track, status=201, Location=location)

    @operation(
        summary="Read captions",
        tag=_TAG,
        role=Role.EDITOR,
        replies={200: Reply(description="The track with its cues", kind=CaptionTrackWithCues, headers=_ETAG)},
        errors=(AssetNotFound, CaptionTrackNotFound),
    )
    async def read(self, request: Request) -> Response:
        await require(request, Role.EDITOR)
        tracks, track, cues = await self._captions.cues(_asset(request), _track(request))
        headers = {**_PRIVATE, "ETag": track.etag}
        return json_response(track_with_cues(tracks, track, cues), headers=headers)

    @operation(
        summary="Replace the cues of captions",
        tag=_TAG,
        description="From a file, or from JSON. With If-Match nobody's work is overwritten unseen. Who is watching is "
        "not interrupted: the new cues have new URLs, and the old ones stay for a day.",
        role=Role.EDITOR,
        parameters=(_IF_MATCH, _FILENAME, _ENCODING),
        request=Content(kind=Cues, description=_FILE),
        replies={200: Reply(description="Replaced", kind=CaptionTrackView, headers=_ETAG)},
        errors=(
            AssetNotFound, CaptionTrackNotFound, CaptionConflict, CaptionsUnreadable, InvalidField, MalformedJson,
        ),
    )  # fmt: skip
    async def replace(self, request: Request) -> Response:
        who = await require(request, Role.EDITOR)
        text = await read_text(request)
        tracks, track = await self._captions.replace(
            _asset(request), _track(request), text, by=who.name, if_matches=request.headers.get("if-match")
        )
        return await self._changed(tracks, track)

    @operation(
        summary="Change how captions are offered",
        tag=_TAG,
        description="A JSON merge patch (RFC 7396) of language, name, kind and default.",
        role=Role.EDITOR,
        parameters=(_IF_MATCH,),
        request=Content(kind=CaptionPatch, media_type="application/merge-patch+json"),
        replies={200: Reply(description="Changed", kind=CaptionTrackView, headers=_ETAG)},
        errors=(AssetNotFound, CaptionTrackNotFound, CaptionConflict, InvalidField, MalformedJson),
    )
    async def edit(self, request: Request) -> Response:
        who = await require(request, Role.EDITOR)
        patch: Any = await read_json(
            request, dict[str, Any], media_types=("application/merge-patch+json", "application/json")
        )
        asset_id, track_id = _asset(request), _track(request)
        tracks = await self._captions.tracks(asset_id)
        before = tracks.track(track_id)
        if before is None:
            raise CaptionTrackNotFound
        # Between the look and the change somebody may have renamed it: then it is merged into what he wrote.
        tracks, track = await self._captions.rename(
            asset_id, track_id, patched(before.naming, patch), by=who.name,
            if_matches=request.headers.get("if-match") or before.etag,
        )  # fmt: skip
        return await self._changed(tracks, track)

    @operation(
        summary="Delete captions",
        tag=_TAG,
        role=Role.EDITOR,
        parameters=(_IF_MATCH,),
        replies={204: Reply(description="Deleted")},
        errors=(AssetNotFound, CaptionTrackNotFound, CaptionConflict),
    )
    async def delete(self, request: Request) -> Response:
        await require(request, Role.EDITOR)
        asset_id = _asset(request)
        await self._captions.remove(asset_id, _track(request), if_matches=request.headers.get("if-match"))
        await self._publisher.publish(asset_id)
        return Response(status_code=204, headers={"Cache-Control": "no-store"})

    @operation(
        summary="Download captions as WebVTT",
        tag=_TAG,
        role=Role.EDITOR,
        replies={200: Reply(description="The file", media_type=media_types.VTT, headers=_ETAG)},
        errors=(AssetNotFound, CaptionTrackNotFound),
    )
    async def download_vtt(self, request: Request) -> Response:
        return await self._file(request, "vtt")

    @operation(
        summary="Download captions as SubRip",
        tag=_TAG,
        role=Role.EDITOR,
        replies={200: Reply(description="The file", media_type=_SRT, headers=_ETAG)},
        errors=(AssetNotFound, CaptionTrackNotFound),
    )
    async def download_srt(self, request: Request) -> Response:
        return await self._file(request, "srt")

    async def _file(self, request: Request, suffix: str) -> Response:
        await require(request, Role.EDITOR)
        asset_id = _asset(request)
        _, track, cues = await self._captions.cues(asset_id, _track(request))
        name = f"{asset_id}-{track.naming.language}-{track.id}.{suffix}"
        headers = {
            **_PRIVATE, "ETag": track.etag.replace(track.id, f"{suffix}-{track.id}", 1),
            "Content-Disposition": f'attachment; filename="{name}"',
        }  # fmt: skip
        body, media_type = (webvtt(cues), media_types.VTT) if suffix == "vtt" else (srt(cues), _SRT)
        return not_modified(request, headers["ETag"], headers) or Response(
            body, headers=headers, media_type=media_type
        )  # fmt: skip

    async def _changed(self, tracks: TrackList, track: Track, *, status: int = 200, **headers: str) -> Response:
        """The answer to a change, once viewers see it if they can."""
        if await self._publisher.publish(tracks.asset):
            tracks = await self._captions.tracks(tracks.asset)
            track = tracks.track(track.id) or track
        return json_response(
            track_view(tracks, track), status, {"Cache-Control": "no-store", "ETag": track.etag, **headers}
        )


def _asset(request: Request) -> AssetId:
    return AssetId(request.path_params["id"])


def _track(request: Request) -> str:
    return str(request.path_params["track"])


def routes(catalogue: Catalogue, captions: Captions, publisher: Publisher) -> list[BaseRoute]:
    api = CaptionsApi(catalogue, captions, publisher)
    return [
        Route("/api/assets/{id}/captions", api.index, methods=["GET"]),
        Route("/api/assets/{id}/captions", api.add, methods=["POST"]),
        Route("/api/assets/{id}/captions/{track}.vtt", api.download_vtt, methods=["GET"]),
        Route("/api/assets/{id}/captions/{track}.srt", api.download_srt, methods=["GET"]),
        Route("/api/assets/{id}/captions/{track}", api.read, methods=["GET"]),
        Route("/api/assets/{id}/captions/{track}", api.replace, methods=["PUT"]),
        Route("/api/assets/{id}/captions/{track}", api.edit, methods=["PATCH"]),
        Route("/api/assets/{id}/captions/{track}", api.delete, methods=["DELETE"]),
    ]
