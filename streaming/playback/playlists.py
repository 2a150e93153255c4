"""Playlists as they are sent: bytes, gzip bytes and their tags, made once and kept with the plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.responses import Response

from manifests import media_types
from streaming.http.caching import not_modified, strong_etag
from streaming.http.compression import accepts_gzip, gzipped

if TYPE_CHECKING:
    from starlette.requests import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Representation:
    """One form of a playlist; each has a strong tag of its own (RFC 9110 §8.8.3.3)."""

    body: bytes
    etag: str
    encoding: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedPlaylist:
    plain: Representation
    zipped: Representation


def rendered(text: str) -> RenderedPlaylist:
    body = text.encode()
    return RenderedPlaylist(
        plain=Representation(body=body, etag=strong_etag(body), encoding=None),
        zipped=Representation(body=gzipped(body), etag=strong_etag(body, "gzip"), encoding="gzip"),
    )


def playlist_response(
    request: Request, playlist: RenderedPlaylist, *, cache_control: str, media_type: str = media_types.M3U8
) -> Response:
    """The form that the client likes best, or 304.

    Range is ignored, as RFC 9110 §14.2 allows: Chromium's own player asks for `bytes=0-` of a playlist, and a partial
    response could not be compressed.
    """
    chosen = playlist.zipped if accepts_gzip(request.headers.get("accept-encoding")) else playlist.plain
    headers = {"Cache-Control": cache_control, "ETag": chosen.etag, "Vary": "Accept-Encoding"}
    unchanged = not_modified(request, chosen.etag, headers)
    if unchanged is not None:
        return unchanged
    if chosen.encoding is not None:
        headers["Content-Encoding"] = chosen.encoding
    return Response(chosen.body, headers=headers, media_type=media_type)
