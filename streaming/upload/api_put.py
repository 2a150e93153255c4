"""A plain streamed upload: `curl -T file .../api/assets/{id}/source`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.routing import Route

from manifests.layout import AssetId
from streaming.http.auth import Role, require
from streaming.http.body import json_response
from streaming.http.openapi import Content, Parameter, Reply, operation
from streaming.http.problem import InsufficientStorage
from streaming.profiles.errors import BrokenProfile, UnknownProfile
from streaming.upload import errors, tus
from streaming.upload.begin import new_upload
from streaming.upload.digests import representation_digests
from streaming.upload.incoming import Incoming

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from streaming.upload.service import Uploads


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSource:
    """What was stored: `size` in bytes, under this version of the asset's source."""

    asset: AssetId
    version: int
    size: int


def put_routes(uploads: Uploads) -> list[BaseRoute]:
    """The route of the plain upload."""

    @operation(
        summary="Upload a source in one request",
        tag="uploads",
        description="The body is the file, with Content-Length or chunked. It counts when its last byte has arrived: a "
        "body that is cut short leaves nothing. To resume after a cut, use tus at /api/uploads instead.",
        role=Role.EDITOR,
        parameters=(
            Parameter(name="filename", description="What the file is called."),
            Parameter(name="profile", description="What it is made by (GET /api/profiles); left out: the asset's."),
            Parameter(name="Repr-Digest", where="header", description="RFC 9530: sha-256 or sha-512, checked."),
            Parameter(name="Content-MD5", where="header", description="Base64, checked."),
        ),
        request=Content(media_type="application/octet-stream", description="The file."),
        replies={201: Reply(description="Stored; it is being indexed", kind=StoredSource)},
        errors=(
            errors.MalformedHeader, errors.PartialPut, errors.DigestMismatch, errors.BodyCut, errors.BodyStalled,
            errors.UploadTooLarge, errors.EmptyUpload, InsufficientStorage,
            UnknownProfile, BrokenProfile,
        ),
    )  # fmt: skip
    async def put_source(request: Request) -> Response:
        principal = await require(request, Role.EDITOR)
        if "content-range" in request.headers:
            raise errors.PartialPut
        new = new_upload(
            length=tus.integer(request.headers, "Content-Length"),
            filename=request.query_params.get("filename", ""),
            filetype=request.headers.get("content-type", ""),
            asset=request.path_params["asset"],
            profile=request.query_params.get("profile", ""),
        )
        try:
            upload = await uploads.put(
                new,
                Incoming(request.receive, idle=uploads.settings.idle),
                digests=representation_digests(request.headers),
                created_by=principal.name,
            )
        except errors.ChecksumMismatch as exc:
            raise errors.DigestMismatch from exc
        return json_response(StoredSource(asset=upload.asset, version=upload.version, size=upload.offset), status=201)

    return [Route("/api/assets/{asset}/source", put_source, methods=["PUT"])]
