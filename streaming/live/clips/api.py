"""`POST /api/channels/{id}/clips`: parts of what a channel shows, while it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from starlette.routing import BaseRoute, Route

from manifests.layout import ChannelId
from streaming.catalog.content import merged_titles
from streaming.catalog.views import EditorAsset, Shown, etag_of, view
from streaming.clips.errors import CutOutOfRange, NothingToCut
from streaming.http.auth import Role, require
from streaming.http.body import InvalidField, MalformedJson, json_response, read_json
from streaming.http.openapi import Content, Reply, operation
from streaming.live.channels.errors import ChannelNotFound
from streaming.live.clips.errors import NoLongerThere, NotShown, NotYet
from streaming.live.clips.service import Wanted

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from streaming.live.clips.service import LiveClips

_TAG: Final = "live"
_POINTS: Final = (
    "`in` is the first picture that is shown, `out` the first that is not: moments like `2026-11-22T18:03:07.480Z`, "
    "which mean the picture that is shown then by PROGRAM-DATE-TIME; or, counted back from the last picture that is "
    "published, `-30s` and `now`."
)


class WantedLiveClip(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of what a channel shows, as an asset: `titles` by language, or one `title` in the default language;
    without any it is called after the channel and the time."""

    begin: str = msgspec.field(name="in")
    end: str = msgspec.field(name="out")
    title: str | None = None
    titles: dict[str, str] = msgspec.field(default_factory=dict)
    default_language: str | None = None


class LiveClipsApi:
    def __init__(self, clips: LiveClips, *, public_url: str) -> None:
        self._clips, self._public_url = clips, public_url

    @operation(
        summary="Make a clip of a channel",
        tag=_TAG,
        description="A draft that can be played at once, with a little more at both ends: whole groups of pictures, as "
        "they were live. Its `replacement`, which shows exactly the pictures that were asked for, takes its place when "
        f"all of it is there. It lives on when the event ends or the channel is deleted. {_POINTS} 425 says that the "
        "out-point has not been published yet; ask again after `Retry-After`, or exactly `available_in_s` seconds.",
        role=Role.EDITOR,
        request=Content(kind=WantedLiveClip),
        replies={
            201: Reply(
                description="Created",
                kind=EditorAsset,
                headers={"Location": "Its address.", "ETag": "Its tag, for If-Match and If-None-Match."},
            )
        },
        errors=(
            ChannelNotFound, NotYet, NotShown, NoLongerThere, NothingToCut, CutOutOfRange, InvalidField, MalformedJson,
        ),
    )  # fmt: skip
    async def clip(self, request: Request) -> Response:
        who = await require(request, Role.EDITOR)
        wanted = await read_json(request, WantedLiveClip)
        default = wanted.default_language or next(iter(wanted.titles), "en")
        asset = await self._clips.clip(
            ChannelId(request.path_params["id"]),
            Wanted(
                begin=wanted.begin, end=wanted.end, titles=merged_titles(wanted.titles, wanted.title, default),
                default_language=default, created_by=who.name,
            ),
        )  # fmt: skip
        shown = Shown(
            lang=request.query_params.get("lang"), accept_language=request.headers.get("accept-language"),
            base_url=self._public_url, editor=True,
        )  # fmt: skip
        body = view(asset, shown)
        headers = {"ETag": etag_of(asset, body), "Location": f"/api/assets/{asset.id}"}
        return json_response(body, 201, headers)


def routes(clips: LiveClips, *, public_url: str = "") -> list[BaseRoute]:
    api = LiveClipsApi(clips, public_url=public_url)
    return [Route("/api/channels/{id}/clips", api.clip, methods=["POST"])]
