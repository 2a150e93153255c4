"""`POST /v/{asset}/license`: keys for ClearKey, the key system that every browser has (W3C EME §9.1).

What a player sends is what its session said in the event "message" (§9.1.3), what it gets goes into the session's
`update` (§9.1.4). The keys are given to whoever may have the segments, and kept by no cache.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from starlette.routing import BaseRoute, Route

from manifests.layout import AssetId
from streaming.catalog.errors import AssetNotFound, NotPublished
from streaming.http.auth import InvalidToken, principal
from streaming.http.body import InvalidField, MalformedJson, decode_json, json_response, read_bytes
from streaming.http.openapi import Content, Reply, operation
from streaming.http.problem import TooLarge
from streaming.playback.errors import AssetFailed, KeyNotFound, NothingToPlay, NotPlayableYet
from streaming.playback.metrics import KEYS
from transcoder.encryption import key_ids

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from streaming.playback.service import Playback, Played
    from transcoder.encryption.content_keys import ContentKey

_LIMIT: Final = 8 * 1024
"""Bytes of a request: a hundred key ids, of which an asset has one."""
_MOST: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseRequest:
    """`kids`: ids of the wanted keys, base64url without padding."""

    kids: list[str]
    type: str = "temporary"


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonWebKey:
    """A symmetric key (RFC 7518 §6.4) and its id, both base64url without padding."""

    kid: str
    k: str
    kty: str = "oct"


@dataclass(frozen=True, slots=True, kw_only=True)
class License:
    """Those of the wanted keys that there are."""

    keys: list[JsonWebKey]
    type: str = "temporary"


class LicensesApi:
    def __init__(self, playback: Playback) -> None:
        self._playback = playback

    @operation(
        summary="ClearKey licence",
        tag="playback",
        description="Content keys of an asset in `cbcs` or `cenc`, in the words of the Encrypted Media Extensions, "
        "under the rules that hold for its segments. Whatever Content-Type it is sent with, the body is read as JSON.",
        request=Content(kind=LicenseRequest),
        replies={200: Reply(description="The keys", kind=License, headers={"Cache-Control": "no-store."})},
        errors=(
            AssetNotFound, NotPublished, InvalidToken, NothingToPlay, AssetFailed, NotPlayableYet, KeyNotFound,
            MalformedJson, InvalidField, TooLarge,
        ),
    )  # fmt: skip
    async def license(self, request: Request) -> Response:
        asset = AssetId(request.path_params["asset"])
        # Players send it as text, as bytes, or say nothing.
        asked = decode_json(await read_bytes(request, limit=_LIMIT), LicenseRequest, ignore_unknown=True)
        names = [key_ids.parse(asset, kid) for kid in key_ids_of(asked)]
        version = next((name.version for name in names if name is not None), None)
        # Whether there are such keys is told to nobody who may not play the asset.
        played = await self._playback.play(asset, partial(principal, request), version=version)
        found = [key for name in names if name is not None and (key := await self._key(played, name)) is not None]
        if not found:
            raise KeyNotFound("This asset has none of these keys: take their ids from its manifests.")
        KEYS.inc(len(found))
        given = License(keys=[JsonWebKey(kid=_text(key.id), k=_text(key.key)) for key in found])
        return json_response(given, headers={"Cache-Control": "private, no-store"})

    async def _key(self, played: Played, name: key_ids.KeyName) -> ContentKey | None:
        try:
            return await self._playback.content_key(played, name)
        except KeyNotFound:
            return None


def key_ids_of(asked: LicenseRequest) -> list[bytes]:
    """The ids of the wanted keys, each once. Raises InvalidField."""
    if asked.type != "temporary":
        raise InvalidField('only "temporary" licences are given: nothing is kept for offline play', pointer="/type")
    if not 0 < len(asked.kids) <= _MOST:
        raise InvalidField(f"1 to {_MOST} key ids", pointer="/kids")
    found = []
    for place, text in enumerate(asked.kids):
        kid = _bytes(text)
        if kid is None or len(kid) != key_ids.SIZE:
            raise InvalidField(f"not {key_ids.SIZE} bytes in base64url", pointer=f"/kids/{place}")
        found.append(kid)
    return list(dict.fromkeys(found))


def _bytes(text: str) -> bytes | None:
    try:
        padded = text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None


def _text(body: bytes) -> str:
    return base64.urlsafe_b64encode(body).rstrip(b"=").decode()


def routes(playback: Playback) -> list[BaseRoute]:
    return [Route("/v/{asset}/license", LicensesApi(playback).license, methods=["POST"])]
