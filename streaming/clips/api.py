"""`POST /api/assets/{id}/clips` and `/trim`: parts of assets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from starlette.routing import BaseRoute, Route

from manifests.layout import AssetId
from streaming.catalog.content import merged_titles
from streaming.catalog.errors import AssetNotFound, IllegalTransition
from streaming.catalog.views import EditorAsset, Shown, etag_of, view
from streaming.clips.errors import CutOutOfRange, NothingToCut
from streaming.clips.service import Cut
from streaming.http.auth import Role, require
from streaming.http.body import InvalidField, MalformedJson, json_response, read_json
from streaming.http.openapi import Content, Reply, operation

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from streaming.catalog.model import Asset
    from streaming.clips.service import Clips

_TAG: Final = "catalogue"
_BODY: Final = 256 * 1024
_POINTS: Final = (
    "`in` is the first picture that is shown, `out` the first that is not: a time in seconds or like `00:01:02.5` "
    "(the nearest frame), a timecode (`00:01:02:12`, drop-frame `00:01:02;12`) or a frame (`299f`). Without them it "
    "begins, or ends, where the asset does. Sound is cut to the sample."
)
_ETAG: Final = {"ETag": "Its tag, for If-Match and If-None-Match."}


class WantedTrim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of an asset."""

    begin: str | int | float = msgspec.field(name="in", default="0")
    end: str | int | float | None = msgspec.field(name="out", default=None)

    def cut(self) -> Cut:
        return Cut(begin=_point(self.begin), end=None if self.end is None else _point(self.end))


def _point(wanted: str | int | float) -> str:
    # A program's sums have seventeen digits, or an exponent: 1.3 + 0.1 is 1.4000000000000001.
    return f"{wanted:.9f}" if isinstance(wanted, float) else f"{wanted}"


class WantedClip(WantedTrim, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of an asset as an asset of its own: `titles` by language, or one `title` in the default language; without
    any it has its parent's texts."""

    title: str | None = None
    titles: dict[str, str] = msgspec.field(default_factory=dict)
    default_language: str | None = None


class ClipsApi:
    def __init__(self, clips: Clips, *, public_url: str) -> None:
        self._clips = clips
        self._public_url = public_url

    @operation(
        summary="Make a clip of an asset",
        tag=_TAG,
        description="A draft that shows exactly these pictures, and can be played at once. Only the groups of pictures "
        "that it begins and ends inside of are encoded, all others are the asset's own. It lives on when that is "
        f"deleted. {_POINTS}",
        role=Role.EDITOR,
        request=Content(kind=WantedClip),
        replies={201: Reply(description="Created", kind=EditorAsset, headers={"Location": "Its address.", **_ETAG})},
        errors=(AssetNotFound, NothingToCut, CutOutOfRange, InvalidField, MalformedJson),
    )
    async def clip(self, request: Request) -> Response:
        who = await require(request, Role.EDITOR)
        wanted = await read_json(request, WantedClip, limit=_BODY)
        default = wanted.default_language or next(iter(wanted.titles), "en")
        titles = merged_titles(wanted.titles, wanted.title, default)
        asset = await self._clips.clip(
            _asset(request), wanted.cut(), titles=titles or None, default_language=default if titles else None,
            created_by=who.name,
        )  # fmt: skip
        return self._answer(request, asset, 201, Location=f"/api/assets/{asset.id}")

    @operation(
        summary="Trim an asset",
        tag=_TAG,
        description="What is left of it takes its place at the same URL, like another source that is uploaded to it: "
        f"see `replacement`. {_POINTS}",
        role=Role.EDITOR,
        request=Content(kind=WantedTrim),
        replies={202: Reply(description="Being made", kind=EditorAsset, headers=_ETAG)},
        errors=(AssetNotFound, NothingToCut, CutOutOfRange, IllegalTransition, InvalidField, MalformedJson),
    )
    async def trim(self, request: Request) -> Response:
        await require(request, Role.EDITOR)
        wanted = await read_json(request, WantedTrim, limit=_BODY)
        return self._answer(request, await self._clips.trim(_asset(request), wanted.cut()), 202)

    def _answer(self, request: Request, asset: Asset, status: int, **headers: str) -> Response:
        shown = Shown(
            lang=request.query_params.get("lang"), accept_language=request.headers.get("accept-language"),
            base_url=self._public_url, editor=True,
        )  # fmt: skip
        body = view(asset, shown)
        return json_response(body, status, {"Cache-Control": "no-store", "ETag": etag_of(asset, body), **headers})


def _asset(request: Request) -> AssetId:
    return AssetId(request.path_params["id"])


def routes(clips: Clips, *, public_url: str = "") -> list[BaseRoute]:
    api = ClipsApi(clips, public_url=public_url)
    return [
        Route("/api/assets/{id}/clips", api.clip, methods=["POST"]),
        Route("/api/assets/{id}/trim", api.trim, methods=["POST"]),
    ]
