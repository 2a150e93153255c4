"""`/api/assets`: the catalogue for editors, and what of it is public."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from manifests.layout import AssetId
from streaming.catalog.content import merged_titles
from streaming.catalog.errors import (
    AssetNotFound,
    BadQuery,
    EditConflict,
    IllegalTransition,
    NoReplacement,
    NotPublished,
)
from streaming.catalog.languages import canonical
from streaming.catalog.listing import LARGEST_PAGE, PAGE, QUERY, ListQuery
from streaming.catalog.model import AssetState, EditorialState
from streaming.catalog.policy import check_visible, sees_all
from streaming.catalog.progress import AssetProgress, settled
from streaming.catalog.views import AssetList, EditorAsset, PublicAsset, Shown, etag_of, revisions_of, view
from streaming.http.auth import Principal, Role, principal, principal_now, require
from streaming.http.body import InvalidField, MalformedJson, json_response, read_json
from streaming.http.caching import not_modified, strong_etag
from streaming.http.event_stream import MEDIA_TYPE as EVENTS
from streaming.http.event_stream import EventStream
from streaming.http.openapi import Content, Parameter, Reply, operation
from streaming.profiles.errors import BrokenProfile, UnknownProfile

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from enum import StrEnum

    from starlette.requests import Request

    from streaming.catalog.model import Asset
    from streaming.catalog.progress import ProgressEvents
    from streaming.catalog.service import Catalogue
    from streaming.profiles.folder import ProfileFolder

    E = TypeVar("E", bound=StrEnum)

_BODY: Final = 1024 * 1024
"""Bytes of an asset's JSON at most: every title and description at its longest is less."""

_PRIVATE: Final = {"Cache-Control": "private, no-cache", "Vary": "Accept-Language, Authorization, Cookie"}
_TAG: Final = "catalogue"
_LANG: Final = Parameter(
    name="lang", description="Language of `title` and `description` (BCP 47); else Accept-Language chooses."
)
_IF_MATCH: Final = Parameter(
    name="If-Match", where="header", description="The ETag that was read: refused with 412 if it was edited since."
)
_ETAG: Final = {"ETag": "Its tag, for If-Match and If-None-Match."}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAsset:
    """An asset to be made: `titles` by language, or one `title` in the default language.

    `default_language` is the language of the first title when it is left out. `profile` is what its uploads are made
    by (GET /api/profiles); left out, it is your own default.
    """

    title: str | None = None
    titles: dict[str, str] = field(default_factory=dict)
    default_language: str | None = None
    descriptions: dict[str, str] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    sport: str | None = None
    discipline: str | None = None
    profile: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetPatch:
    """A merge patch (RFC 7396): what is named is replaced, null removes, everything else stays."""

    titles: dict[str, str | None] | None = None
    default_language: str | None = None
    descriptions: dict[str, str | None] | None = None
    tags: list[str] | None = None
    sport: str | None = None
    discipline: str | None = None


def asset_id(request: Request) -> AssetId:
    return AssetId(request.path_params["id"])


def _choice(request: Request, name: str, kind: type[E]) -> E | None:
    value = request.query_params.get(name)
    if not value:
        return None
    try:
        return kind(value)
    except ValueError:
        raise BadQuery(name, f"one of {', '.join(kind)}.") from None


def _text(request: Request, name: str) -> str | None:
    value = request.query_params.get(name)
    if value and any(unicodedata.category(char) in {"Cc", "Cs"} for char in value):
        raise BadQuery(name, "control characters are not allowed.")
    return value or None


def _limit(request: Request) -> int:
    value = request.query_params.get("limit") or str(PAGE)
    if re.fullmatch("[0-9]{1,9}", value) is None or not 1 <= int(value) <= LARGEST_PAGE:
        raise BadQuery("limit", f"a number from 1 to {LARGEST_PAGE}.")
    return int(value)


def list_query(request: Request, *, public: bool) -> ListQuery:
    """The list that a request asks for. Raises BadQuery."""
    language = _text(request, "language")
    if language is not None and canonical(language) is None:
        raise BadQuery("language", "a language tag like en, pt-BR or zh-Hant.")
    return ListQuery(
        limit=_limit(request), cursor=_text(request, "cursor"), public=public,
        state=_choice(request, "state", AssetState), editorial=_choice(request, "editorial", EditorialState),
        tag=_text(request, "tag"), sport=_text(request, "sport"), q=_text(request, "q"),
        language=None if language is None else canonical(language),
    )  # fmt: skip


class AssetsApi:
    def __init__(
        self, catalogue: Catalogue, progress: ProgressEvents, profiles: ProfileFolder, *, public_url: str
    ) -> None:
        self._catalogue = catalogue
        self._profiles = profiles
        self._progress = progress
        self._public_url = public_url

    def _shown(self, request: Request, who: Principal | None) -> Shown:
        return Shown(
            lang=request.query_params.get("lang"), accept_language=request.headers.get("accept-language"),
            base_url=self._public_url, editor=sees_all(who),
        )  # fmt: skip

    def _answer(
        self, request: Request, asset: Asset, who: Principal | None, *, status: int = 200, **headers: str
    ) -> Response:
        body = view(asset, self._shown(request, who))
        etag = etag_of(asset, body)
        everything = {**_PRIVATE, "ETag": etag, "Content-Language": body.language, **headers}
        return not_modified(request, etag, everything) or json_response(body, status, everything)

    @operation(
        summary="List assets",
        tag=_TAG,
        description="Newest first. The public sees what is published and can be played; editors see everything.",
        parameters=(
            Parameter(name="q", description=f"Words (or parts) of titles in any language; {QUERY} characters."),
            Parameter(name="tag"),
            Parameter(name="sport"),
            Parameter(name="language", description="Has a title in this language."),
            Parameter(name="state", kind=AssetState),
            Parameter(name="editorial", kind=EditorialState),
            Parameter(name="limit", kind=int, description=f"1 to {LARGEST_PAGE}; {PAGE} if left out."),
            Parameter(name="cursor", description="`next_cursor` of the page before."),
            _LANG,
        ),
        replies={200: Reply(description="One page", kind=AssetList)},
        errors=(BadQuery,),
    )
    async def index(self, request: Request) -> Response:
        who = await principal(request)
        page = await self._catalogue.list(list_query(request, public=not sees_all(who)))
        shown = self._shown(request, who)
        body = AssetList(assets=[view(asset, shown) for asset in page.assets], next_cursor=page.next_cursor)
        response = json_response(body, headers=_PRIVATE)
        etag = strong_etag(bytes(response.body))
        response.headers["ETag"] = etag
        return not_modified(request, etag, _PRIVATE) or response

    @operation(
        summary="Create an asset",
        tag=_TAG,
        description="A draft without a source: upload one to it afterwards.",
        role=Role.EDITOR,
        request=Content(kind=NewAsset),
        replies={201: Reply(description="Created", kind=EditorAsset, headers={"Location": "Its address.", **_ETAG})},
        errors=(InvalidField, MalformedJson, UnknownProfile, BrokenProfile),
    )
    async def create(self, request: Request) -> Response:
        who = await require(request, Role.EDITOR)
        wanted = await read_json(request, NewAsset, limit=_BODY)
        default = wanted.default_language or next(iter(wanted.titles), "en")
        titles = merged_titles(wanted.titles, wanted.title, default)
        profile = await self._profiles.chosen(wanted.profile, tenant=who.name)
        asset = await self._catalogue.create(
            titles=titles, default_language=default, descriptions=wanted.descriptions, tags=wanted.tags,
            sport=wanted.sport, discipline=wanted.discipline, created_by=who.name,
            profile=profile.name,
        )  # fmt: skip
        return self._answer(request, asset, who, status=201, Location=f"/api/assets/{asset.id}")

    @operation(
        summary="Read an asset",
        tag=_TAG,
        parameters=(_LANG,),
        replies={200: Reply(description="The asset, as far as you may see it", kind=(PublicAsset, EditorAsset))},
        errors=(AssetNotFound, NotPublished),
    )
    async def read(self, request: Request) -> Response:
        who = await principal(request)
        asset = await self._catalogue.get(asset_id(request))
        check_visible(asset, who)
        return self._answer(request, asset, who)

    @operation(
        summary="Edit an asset",
        tag=_TAG,
        description="A JSON merge patch (RFC 7396). With If-Match nobody's edit is overwritten unseen.",
        role=Role.EDITOR,
        parameters=(_IF_MATCH,),
        request=Content(kind=AssetPatch, media_type="application/merge-patch+json"),
        replies={200: Reply(description="Edited", kind=EditorAsset, headers=_ETAG)},
        errors=(AssetNotFound, EditConflict, InvalidField, MalformedJson),
    )
    async def edit(self, request: Request) -> Response:
        who = await require(request, Role.EDITOR)
        patch: Any = await read_json(
            request, dict[str, Any], limit=_BODY, media_types=("application/merge-patch+json", "application/json")
        )
        revisions = revisions_of(request.headers)
        return self._answer(
            request, await self._catalogue.edit(asset_id(request), patch, revisions=revisions), who
        )  # fmt: skip

    @operation(
        summary="Delete an asset",
        tag=_TAG,
        description="It is gone for viewers at once; its media are removed from the bucket soon after.",
        role=Role.EDITOR,
        parameters=(_IF_MATCH,),
        replies={204: Reply(description="Deleted")},
        errors=(AssetNotFound, EditConflict),
    )
    async def delete(self, request: Request) -> Response:
        await require(request, Role.EDITOR)
        await self._catalogue.delete(asset_id(request), revisions=revisions_of(request.headers))
        return Response(status_code=204, headers={"Cache-Control": "no-store"})

    @operation(
        summary="Stop an asset's encode",
        tag=_TAG,
        description="It fails with the code `cancelled`, and its media and its source are removed from the bucket soon "
        "after. Another file may be uploaded to it. One that has failed already stays as it is.",
        role=Role.EDITOR,
        replies={200: Reply(description="Stopped", kind=EditorAsset, headers=_ETAG)},
        errors=(AssetNotFound, IllegalTransition),
    )
    async def cancel(self, request: Request) -> Response:
        who = await require(request, Role.EDITOR)
        return self._answer(request, await self._catalogue.cancel(asset_id(request)), who)

    @operation(
        summary="Give up the source that is to replace an asset's",
        tag=_TAG,
        description="What is played stays. A replacement that failed is forgotten, with its reason.",
        role=Role.EDITOR,
        replies={200: Reply(description="Given up", kind=EditorAsset, headers=_ETAG)},
        errors=(AssetNotFound, NoReplacement),
    )
    async def cancel_replacement(self, request: Request) -> Response:
        who = await require(request, Role.EDITOR)
        return self._answer(request, await self._catalogue.cancel_replacement(asset_id(request)), who)

    async def _decide(self, request: Request, decide: Callable[..., Awaitable[Asset]]) -> Response:
        who = await require(request, Role.PUBLISHER)
        asset = await decide(asset_id(request), revisions=revisions_of(request.headers))
        return self._answer(request, asset, who)

    @operation(
        summary="Publish an asset",
        tag=_TAG,
        description="Everybody may see it, and play it as soon as it is playable.",
        role=Role.PUBLISHER,
        parameters=(_IF_MATCH,),
        replies={200: Reply(description="Published", kind=EditorAsset, headers=_ETAG)},
        errors=(AssetNotFound, IllegalTransition, EditConflict),
    )
    async def publish(self, request: Request) -> Response:
        return await self._decide(request, self._catalogue.publish)

    @operation(
        summary="Take an asset back from the public",
        tag=_TAG,
        description="It can be published again.",
        role=Role.PUBLISHER,
        parameters=(_IF_MATCH,),
        replies={200: Reply(description="Unpublished", kind=EditorAsset, headers=_ETAG)},
        errors=(AssetNotFound, IllegalTransition, EditConflict),
    )
    async def unpublish(self, request: Request) -> Response:
        return await self._decide(request, self._catalogue.unpublish)

    @operation(
        summary="Take an asset down for good",
        tag=_TAG,
        role=Role.PUBLISHER,
        parameters=(_IF_MATCH,),
        replies={200: Reply(description="Taken down", kind=EditorAsset, headers=_ETAG)},
        errors=(AssetNotFound, IllegalTransition, EditConflict),
    )
    async def take_down(self, request: Request) -> Response:
        return await self._decide(request, self._catalogue.take_down)

    @operation(
        summary="Follow an asset's progress",
        tag=_TAG,
        description="Server-sent events: `progress` with the state and the percentage encoded, `gone` at a deletion or "
        "when the reader may not see it any more; to editors `replacement` says the same of a source that is to take "
        "the place of the one that is played. "
        "The stream ends when the asset is ready or has failed, and nothing is on its way to replace it; "
        "connecting again after that answers 204, "
        "at which an EventSource stops.",
        parameters=(Parameter(name="Last-Event-ID", where="header", description="The last event that was heard."),),
        replies={
            200: Reply(description="The events' `data`", kind=AssetProgress, media_type=EVENTS),
            204: Reply(description="Nothing more will come"),
        },
        errors=(AssetNotFound, NotPublished),
    )
    async def events(self, request: Request) -> Response:
        who = await principal(request)
        last_id = request.headers.get("last-event-id")
        now = await self._progress.look(asset_id(request), who)
        if now.id == last_id and settled(now):
            return Response(status_code=204, headers={"Cache-Control": "no-store"})
        reader = partial(principal_now, request)
        return EventStream(self._progress.watch(asset_id(request), reader, last_id=last_id))


def routes(
    catalogue: Catalogue, progress: ProgressEvents, profiles: ProfileFolder, *, public_url: str = ""
) -> list[BaseRoute]:
    api = AssetsApi(catalogue, progress, profiles, public_url=public_url)
    return [
        Route("/api/assets", api.index, methods=["GET"]),
        Route("/api/assets", api.create, methods=["POST"]),
        Route("/api/assets/{id}", api.read, methods=["GET"]),
        Route("/api/assets/{id}", api.edit, methods=["PATCH"]),
        Route("/api/assets/{id}", api.delete, methods=["DELETE"]),
        Route("/api/assets/{id}/cancel", api.cancel, methods=["POST"]),
        Route("/api/assets/{id}/replacement", api.cancel_replacement, methods=["DELETE"]),
        Route("/api/assets/{id}/publish", api.publish, methods=["POST"]),
        Route("/api/assets/{id}/unpublish", api.unpublish, methods=["POST"]),
        Route("/api/assets/{id}/takedown", api.take_down, methods=["POST"]),
        Route("/api/assets/{id}/events", api.events, methods=["GET"]),
    ]
