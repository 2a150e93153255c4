"""Presigned S3 multipart uploads over JSON: begin, sign parts, look, complete, abort."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from starlette.responses import Response
from starlette.routing import Route

from manifests.layout import UploadId, is_name
from streaming.http.auth import Role, require
from streaming.http.body import InvalidField, json_response, read_json
from streaming.http.openapi import Content, Reply, operation
from streaming.profiles.errors import BrokenProfile, UnknownProfile
from streaming.upload import errors
from streaming.upload.begin import new_upload
from streaming.upload.model import UploadKind
from streaming.upload.presigned import HeldParts, PresignedPart, PresignedUpload, PresignedUploads

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from streaming.upload.service import Uploads

COLLECTION: Final = "/api/uploads/multipart"
_ONE: Final = "/api/uploads/multipart/{upload}"
_LOST: Final = (errors.UploadNotFound, errors.UploadGone, errors.NotThisWay)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMultipart:
    """A file to be uploaded: `size` in bytes; `asset` to attach to one that exists, otherwise one is made. `profile` is
    what it is made by (GET /api/profiles)."""

    filename: str
    size: int
    type: str = ""
    title: str = ""
    language: str = ""
    asset: str = ""
    publish: bool = False
    profile: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedParts:
    """Numbers of the parts to sign, 100 at most."""

    numbers: Annotated[list[int], msgspec.Meta(min_length=1, max_length=100)] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedParts:
    """Parts with their URLs, in the order in which they were asked for."""

    parts: tuple[PresignedPart, ...]


def multipart_routes(uploads: Uploads) -> list[BaseRoute]:
    """The routes of presigned uploads."""
    api = _Multipart(uploads)
    return [
        Route(COLLECTION, api.begin, methods=["POST"]),
        Route(_ONE, api.held, methods=["GET"]),
        Route(_ONE, api.abort, methods=["DELETE"]),
        Route(_ONE + "/parts", api.sign, methods=["POST"]),
        Route(_ONE + "/parts/{number:int}", api.sign_one, methods=["GET"]),
        Route(_ONE + "/complete", api.complete, methods=["POST"]),
    ]


class _Multipart:
    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads
        self._presigned = PresignedUploads(uploads)

    @operation(
        summary="Begin a presigned upload",
        tag="uploads",
        role=Role.EDITOR,
        request=Content(kind=NewMultipart),
        replies={201: Reply(description="Begun", kind=PresignedUpload, headers={"Location": "The upload."})},
        errors=(InvalidField, errors.UploadTooLarge, errors.EmptyUpload, UnknownProfile, BrokenProfile),
    )
    async def begin(self, request: Request) -> Response:
        principal = await require(request, Role.EDITOR)
        said = await read_json(request, NewMultipart)
        if said.publish:
            await require(request, Role.PUBLISHER)
        if said.size < 0:
            raise errors.EmptyUpload("size is the number of bytes of the file.")
        if said.asset and not is_name(said.asset):
            raise InvalidField("This is not the id of an asset.", pointer="/asset")
        new = new_upload(
            length=said.size, filename=said.filename, filetype=said.type, title=said.title,
            language=said.language, asset=said.asset, publish=said.publish,
            profile=said.profile,
        )  # fmt: skip
        begun = await self._presigned.begin(new, created_by=principal.name)
        headers = {"Location": f"{COLLECTION}/{begun.id}", "Channel-Asset-Id": begun.asset}
        return json_response(begun, status=201, headers=headers)

    @operation(
        summary="Which parts the store holds",
        tag="uploads",
        role=Role.EDITOR,
        replies={200: Reply(description="For resuming", kind=HeldParts)},
        errors=_LOST,
    )
    async def held(self, request: Request) -> Response:
        await require(request, Role.EDITOR)
        return json_response(await self._presigned.held(_id(request)), headers={"Cache-Control": "no-store"})

    @operation(
        summary="Sign several parts",
        tag="uploads",
        role=Role.EDITOR,
        request=Content(kind=WantedParts),
        replies={200: Reply(description="PUT each part's bytes to its URL", kind=SignedParts)},
        errors=(*_LOST, errors.NoSuchPart),
    )
    async def sign(self, request: Request) -> Response:
        await require(request, Role.EDITOR)
        wanted = await read_json(request, WantedParts)
        signed = await self._presigned.sign(_id(request), tuple(wanted.numbers))
        return json_response(SignedParts(parts=signed), headers={"Cache-Control": "no-store"})

    @operation(
        summary="Sign one part",
        tag="uploads",
        role=Role.EDITOR,
        replies={200: Reply(description="PUT the part's bytes to its URL", kind=PresignedPart)},
        errors=(*_LOST, errors.NoSuchPart),
    )
    async def sign_one(self, request: Request) -> Response:
        await require(request, Role.EDITOR)
        (signed,) = await self._presigned.sign(_id(request), (request.path_params["number"],))
        return json_response(signed, headers={"Cache-Control": "no-store"})

    @operation(
        summary="Complete a presigned upload",
        tag="uploads",
        description="The store is asked for its parts, so no list is sent. Completing again is harmless.",
        role=Role.EDITOR,
        replies={200: Reply(description="It is being indexed", kind=PresignedUpload)},
        errors=(*_LOST, errors.PartsMissing),
    )
    async def complete(self, request: Request) -> Response:
        await require(request, Role.EDITOR)
        return json_response(await self._presigned.complete(_id(request)))

    @operation(
        summary="Abort a presigned upload",
        tag="uploads",
        role=Role.EDITOR,
        replies={204: Reply(description="Gone")},
        errors=_LOST,
    )
    async def abort(self, request: Request) -> Response:
        await require(request, Role.EDITOR)
        await self._uploads.terminate(_id(request), UploadKind.PRESIGNED)
        return Response(status_code=204)


def _id(request: Request) -> UploadId:
    return UploadId(request.path_params["upload"])
