"""tus 1.0.0 over HTTP: OPTIONS and POST on the collection; HEAD, PATCH and DELETE on an upload."""

from __future__ import annotations

from contextlib import suppress
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final

from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Route

from manifests.layout import UploadId
from streaming.http.auth import Role, require
from streaming.http.openapi import Content, Parameter, Reply, operation
from streaming.http.problem import ApiError, BadRequest, InsufficientStorage, MethodNotAllowed, UnsupportedMediaType
from streaming.profiles.errors import BrokenProfile, UnknownProfile
from streaming.upload import errors, tus
from streaming.upload.begin import from_metadata
from streaming.upload.digests import ALGORITHMS, upload_checksum
from streaming.upload.incoming import Incoming
from streaming.upload.model import Upload, UploadKind, UploadState

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from streaming.upload.digests import Digest
    from streaming.upload.service import Uploads

COLLECTION: Final = "/api/uploads"
_ONE: Final = "/api/uploads/{upload}"
_COLLECTION_METHODS: Final = ("OPTIONS", "POST")
_ONE_METHODS: Final = ("OPTIONS", "HEAD", "PATCH", "DELETE")
_VERSION: Final = Parameter(name="Tus-Resumable", where="header", required=True, description="1.0.0")
_OFFSET: Final = "Bytes that are stored: where the next PATCH begins."


class _TusHeaders:
    """Tus-Resumable on every response, errors included (core protocol)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_version(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Tus-Resumable"] = tus.VERSION
            await send(message)

        await self._app(scope, receive, with_version)


class _OtherMethods:
    """Any method that no route took: 405 with Allow (RFC 9110 §15.5.6)."""

    def __init__(self, allowed: tuple[str, ...]) -> None:
        self._headers = {"Allow": ", ".join(allowed), "Tus-Resumable": tus.VERSION}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise MethodNotAllowed(headers=self._headers)


def tus_routes(uploads: Uploads) -> list[BaseRoute]:
    """The routes of the protocol."""
    api = _Tus(uploads)
    headers = [Middleware(_TusHeaders)]
    return [
        Route(COLLECTION, api.discover, methods=["OPTIONS"], middleware=headers),
        Route(COLLECTION, api.create, methods=["POST"], middleware=headers),
        Route(COLLECTION, _OtherMethods(_COLLECTION_METHODS), include_in_schema=False),
        Route(_ONE, api.discover, methods=["OPTIONS"], middleware=headers, include_in_schema=False),
        Route(_ONE, api.status, methods=["HEAD"], middleware=headers),
        Route(_ONE, api.append, methods=["PATCH"], middleware=headers),
        Route(_ONE, api.terminate, methods=["DELETE"], middleware=headers),
        Route(_ONE, api.overridden, methods=["POST"], middleware=headers, include_in_schema=False),
        Route(_ONE, _OtherMethods(_ONE_METHODS), include_in_schema=False),
    ]


class _Tus:
    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads

    @operation(
        summary="What this server speaks",
        tag="uploads",
        replies={204: Reply(description="tus 1.0.0", headers={
            "Tus-Version": "Versions.", "Tus-Extension": "Extensions.", "Tus-Max-Size": "Largest file in bytes.",
            "Tus-Checksum-Algorithm": "Algorithms of Upload-Checksum.",
        })},
    )  # fmt: skip
    async def discover(self, request: Request) -> Response:
        return Response(
            status_code=204,
            headers={
                "Tus-Version": tus.VERSION,
                "Tus-Extension": ",".join(tus.EXTENSIONS),
                "Tus-Max-Size": str(self._uploads.settings.max_bytes),
                "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
            },
        )

    @operation(
        summary="Begin an upload (tus)",
        tag="uploads",
        description="tus 1.0.0, creation. Upload-Metadata may name filename, filetype, title, language, publish, "
        "profile (what it is made by: GET /api/profiles), and asset, to attach to an asset that exists; otherwise an "
        "asset is made. A body begins the file at once.",
        role=Role.EDITOR,
        parameters=(
            _VERSION,
            Parameter(name="Upload-Length", where="header", kind=int, description="Bytes of the file."),
            Parameter(name="Upload-Defer-Length", where="header", description="1: the length comes later."),
            Parameter(name="Upload-Metadata", where="header", description="Pairs of key and Base64 value."),
            Parameter(name="Upload-Checksum", where="header", description="Of the body, if there is one."),
        ),
        request=Content(media_type=tus.BODY_TYPE, description="The first bytes (creation-with-upload)."),
        replies={201: Reply(description="Begun", headers={
            "Location": "The upload.", "Upload-Offset": _OFFSET, "Upload-Expires": "When it is thrown away.",
            "Channel-Asset-Id": "The asset that it becomes.",
        })},
        errors=(
            errors.MalformedHeader, errors.UnknownChecksum, errors.WrongTusVersion, errors.UploadTooLarge,
            UnsupportedMediaType, errors.EmptyUpload, errors.ChecksumMismatch, InsufficientStorage,
            UnknownProfile, BrokenProfile,
        ),
    )  # fmt: skip
    async def create(self, request: Request) -> Response:
        tus.check_version(request.headers)
        principal = await require(request, Role.EDITOR)
        if "upload-concat" in request.headers:
            raise BadRequest("Upload-Concat is not known here: see Tus-Extension.")
        length = tus.declared_length(request.headers)
        raw = request.headers.get("upload-metadata", "")
        new = from_metadata(tus.metadata(raw), length=length, raw=raw)
        if new.publish:
            await require(request, Role.PUBLISHER)
        body_length, checksum = _content_length(request), upload_checksum(request.headers)
        with_body = _has_body(request)
        if with_body:
            _check_type(request)
        if body_length is not None and length is not None and body_length > length:
            raise errors.LongerThanDeclared(length=length)
        upload = await self._uploads.begin(new, kind=UploadKind.TUS, created_by=principal.name)
        if with_body:
            upload = await self._first_bytes(request, upload, body_length, checksum)
        headers = {"Location": f"{COLLECTION}/{upload.id}", **_state(upload)}
        return Response(status_code=201, headers=headers)

    async def _first_bytes(
        self, request: Request, upload: Upload, body_length: int | None, checksum: Digest | None
    ) -> Upload:
        body = Incoming(request.receive, idle=self._uploads.settings.idle)
        try:
            return await self._uploads.append(upload.id, body, offset=0, body_length=body_length, checksum=checksum)
        except ApiError:
            # The client was never told where its upload is: nobody could go on with it.
            with suppress(ApiError):
                await self._uploads.terminate(upload.id, UploadKind.TUS)
            raise

    @operation(
        summary="Where an upload stands (tus)",
        tag="uploads",
        role=Role.EDITOR,
        parameters=(_VERSION,),
        replies={200: Reply(description="Never cached", headers={
            "Upload-Offset": _OFFSET, "Upload-Length": "Bytes of the file.", "Upload-Metadata": "As it was sent.",
            "Upload-Expires": "When it is thrown away.", "Channel-Asset-Id": "The asset that it becomes.",
        })},
        errors=(errors.WrongTusVersion, errors.UploadNotFound, errors.UploadGone),
    )  # fmt: skip
    async def status(self, request: Request) -> Response:
        tus.check_version(request.headers)
        await require(request, Role.EDITOR)
        upload = await self._uploads.status(_id(request))
        headers = {"Cache-Control": "no-store", **_state(upload)}
        if upload.length is None:
            headers["Upload-Defer-Length"] = "1"
        else:
            headers["Upload-Length"] = str(upload.length)
        if upload.metadata:
            headers["Upload-Metadata"] = upload.metadata
        return Response(headers=headers)

    @operation(
        summary="Send bytes (tus)",
        tag="uploads",
        description="The bytes from Upload-Offset on, as many as the client likes. Those that arrive before a cut are "
        "kept, unless Upload-Checksum is sent: then all of the body counts, or nothing.",
        role=Role.EDITOR,
        parameters=(
            _VERSION,
            Parameter(name="Upload-Offset", where="header", kind=int, required=True, description="Where they begin."),
            Parameter(name="Upload-Checksum", where="header", description="Algorithm and Base64 digest of the body."),
            Parameter(name="Upload-Length", where="header", kind=int, description="After Upload-Defer-Length."),
        ),
        request=Content(media_type=tus.BODY_TYPE),
        replies={204: Reply(description="Stored", headers={"Upload-Offset": _OFFSET, "Upload-Expires": "When."})},
        errors=(
            errors.MalformedHeader, errors.UnknownChecksum, errors.WrongTusVersion, errors.UploadNotFound,
            errors.UploadGone, errors.WrongOffset, errors.LongerThanDeclared, UnsupportedMediaType,
            errors.SomebodyIsWriting, errors.ChecksumMismatch, InsufficientStorage,
        ),
    )  # fmt: skip
    async def append(self, request: Request) -> Response:
        tus.check_version(request.headers)
        await require(request, Role.EDITOR)
        _check_type(request)
        offset = tus.integer(request.headers, "Upload-Offset")
        if offset is None:
            raise errors.MalformedHeader("Upload-Offset is missing: ask for it with HEAD.")
        upload = await self._uploads.append(
            _id(request),
            Incoming(request.receive, idle=self._uploads.settings.idle),
            offset=offset,
            body_length=_content_length(request),
            length=tus.integer(request.headers, "Upload-Length"),
            checksum=upload_checksum(request.headers),
        )
        return Response(status_code=204, headers=_state(upload))

    @operation(
        summary="Throw an upload away (tus)",
        tag="uploads",
        role=Role.EDITOR,
        parameters=(_VERSION,),
        replies={204: Reply(description="Gone")},
        errors=(errors.WrongTusVersion, errors.UploadNotFound, errors.UploadGone, errors.SomebodyIsWriting),
    )
    async def terminate(self, request: Request) -> Response:
        tus.check_version(request.headers)
        await require(request, Role.EDITOR)
        await self._uploads.terminate(_id(request), UploadKind.TUS)
        return Response(status_code=204)

    async def overridden(self, request: Request) -> Response:
        """X-HTTP-Method-Override: for clients that can send nothing but POST (core protocol)."""
        match request.headers.get("x-http-method-override", "").upper():
            case "PATCH":
                return await self.append(request)
            case "DELETE":
                return await self.terminate(request)
            case "HEAD":
                return await self.status(request)
            case _:
                raise MethodNotAllowed(headers={"Allow": ", ".join(_ONE_METHODS)})


def _id(request: Request) -> UploadId:
    return UploadId(request.path_params["upload"])


def _content_length(request: Request) -> int | None:
    return tus.integer(request.headers, "Content-Length")


def _has_body(request: Request) -> bool:
    return "transfer-encoding" in request.headers or bool(_content_length(request))


def _check_type(request: Request) -> None:
    got = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if got != tus.BODY_TYPE:
        raise UnsupportedMediaType(f"Send Content-Type: {tus.BODY_TYPE}.", headers={"Accept-Patch": tus.BODY_TYPE})


def _state(upload: Upload) -> dict[str, str]:
    headers = {"Upload-Offset": str(upload.offset), "Channel-Asset-Id": upload.asset}
    if upload.state is UploadState.OPEN and not upload.whole:
        # Expiration extension: an IMF-fixdate (RFC 9110 §5.6.7), as long as it may still expire.
        headers["Upload-Expires"] = format_datetime(upload.expires_at, usegmt=True)
    return headers
