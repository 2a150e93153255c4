"""`PUT` and `POST /ingest/{channel}/…`: DASH-IF Live Media Ingest, interface 1 (tracks) and 2 (HLS and DASH objects).

It is served by the process that encodes, on a port of its own: what comes here goes straight into an encoder's pipe.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import posixpath
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from streaming.http.body import read_bytes
from streaming.http.errors import HANDLERS, ErrorBoundary
from streaming.http.metrics import Metrics
from streaming.http.openapi import Reply, operation
from streaming.http.problem import TooLarge
from streaming.live.ingest.errors import FeedClosed, NotTaken, ProtocolFault, TooManyTries, WrongKey
from streaming.live.ingest.http.errors import (
    ChannelNotTaking,
    HeaderMissing,
    NotPushable,
    PublicationOver,
    PublisherSilent,
    StreamKeyRefused,
    TooManyWrongKeys,
    TooMuchHeld,
)
from streaming.live.ingest.http.sources import Sources
from streaming.live.ingest.http.tracks import End, Fragment, Header, TrackReader
from streaming.live.ingest.publisher import Container, Way

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from streaming.live.ingest.gate import Gate
    from streaming.live.ingest.http.sources import Pushed
    from streaming.live.ingest.publisher import Feeds, Publisher
    from streaming.live.ingest.settings import HttpIngestSettings

_MANIFEST: Final = 1 << 20
_SEGMENT: Final = 32 << 20
_ERRORS: Final = (
    StreamKeyRefused, TooManyWrongKeys, ChannelNotTaking, HeaderMissing, NotPushable, PublicationOver, TooLarge,
    TooMuchHeld, PublisherSilent,
)  # fmt: skip


class IngestApi:
    def __init__(self, *, gate: Gate, feeds: Feeds, settings: HttpIngestSettings) -> None:
        self._gate = gate
        self._silence_s = settings.silence.total_seconds()
        self.sources = Sources(feeds, silence=settings.silence)

    @operation(
        summary="Push a track, a playlist or a segment",
        tag="live",
        description="With the channel's stream key as a bearer token, or as the password of basic authentication.",
        replies={200: Reply(description="Taken")},
        errors=_ERRORS,
    )
    async def push(self, request: Request) -> Response:
        publisher = await self._admit(request)
        path = posixpath.normpath(request.path_params["path"])
        try:
            async with self.sources.of(publisher, path) as pushed:
                match posixpath.splitext(path)[1].lower():
                    case ".m3u8":
                        text = await read_bytes(request, limit=_MANIFEST, pieces=self._pieces(request))
                        pushed.objects.playlist(path, text)
                        await pushed.give_out()
                    case ".mpd":
                        text = await read_bytes(request, limit=_MANIFEST, pieces=self._pieces(request))
                        pushed.objects.mpd(path, text)
                        await pushed.give_out()
                    case ".ts":
                        body = await read_bytes(request, limit=_SEGMENT, pieces=self._pieces(request))
                        pushed.objects.segment(path, body)
                        await pushed.give_out()
                    case _:
                        await self._track(request, pushed, path)
        except NotTaken as exc:
            raise ChannelNotTaking(exc.detail) from exc
        except FeedClosed as exc:
            raise PublicationOver(exc.detail) from exc
        except ProtocolFault as exc:
            raise NotPushable(exc.detail) from exc
        except ClientDisconnect:
            pass
        return Response()

    @operation(
        summary="Forget a segment",
        tag="live",
        description="Encoders delete what has left their playlist.",
        replies={204: Reply(description="Forgotten")},
        errors=(StreamKeyRefused, TooManyWrongKeys),
    )
    async def forget(self, request: Request) -> Response:
        publisher = await self._admit(request)
        path = posixpath.normpath(request.path_params["path"])
        async with self.sources.of(publisher, path) as pushed:
            pushed.objects.drop(path)
        return Response(status_code=204)

    async def _admit(self, request: Request) -> Publisher:
        secret = _secret(request)
        if secret is None:
            raise StreamKeyRefused
        address = request.client.host if request.client is not None else "unknown"
        channel = request.path_params["channel"]
        try:
            return await self._gate.admit(
                secret, channel=channel, address=address, way=Way.CMAF, container=Container.MP4
            )  # fmt: skip
        except WrongKey as exc:
            raise StreamKeyRefused(exc.detail) from exc
        except TooManyTries as exc:
            raise TooManyWrongKeys(exc.detail) from exc

    async def _track(self, request: Request, pushed: Pushed, path: str) -> None:
        """A track that is sent for as long as it lasts, or a piece of one; or a segment that a playlist will name."""
        reader, tracks = TrackReader(), pushed.tracks
        held = bytearray()
        afresh = is_object = is_begun = False
        async for piece in self._pieces(request):
            if not is_begun:
                held += piece
                if len(held) > _SEGMENT:
                    raise TooLarge(f"A segment has at most {_SEGMENT} bytes.", limit=_SEGMENT)
            if is_object:
                continue
            for unit in reader.read(piece):
                if isinstance(unit, Header):
                    is_begun, afresh = True, pushed.requests[path] == 1
                    await tracks.header(path, unit)
                elif isinstance(unit, Fragment) and not tracks.knows(path):
                    if request.method != "PUT":
                        raise HeaderMissing
                    is_object = True
                    break
                elif isinstance(unit, Fragment):
                    is_begun = True
                    await tracks.fragment(path, unit, afresh=afresh)
                    afresh = False
                elif isinstance(unit, End) and len(pushed.requests) == 1:
                    await pushed.close()
        if is_object:
            pushed.objects.segment(path, bytes(held))
            await pushed.give_out()
        elif not reader.is_between:
            raise ProtocolFault("It ends in the middle of a box.")

    async def _pieces(self, request: Request) -> AsyncIterator[bytes]:
        pieces = request.stream()
        while True:
            try:
                async with asyncio.timeout(self._silence_s):
                    piece = await anext(pieces)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise PublisherSilent from None
            if piece:
                yield piece


def _secret(request: Request) -> str | None:
    """The stream key that a request shows: as a token (RFC 6750), or as the password or the name (RFC 7617)."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer" and value:
        return value
    if scheme.lower() != "basic":
        return None
    try:
        name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return password or name or None


def ingest_app(*, gate: Gate, feeds: Feeds, settings: HttpIngestSettings) -> Starlette:
    """The application that a live process serves."""
    api = IngestApi(gate=gate, feeds=feeds, settings=settings)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await api.sources.aclose()

    path = "/ingest/{channel}/{path:path}"
    return Starlette(
        routes=[
            Route(path, api.push, methods=["PUT", "POST"]),
            Route(path, api.forget, methods=["DELETE"]),
        ],
        lifespan=lifespan,
        exception_handlers=HANDLERS,
        middleware=[Middleware(Metrics), Middleware(ErrorBoundary)],
    )
