"""Request bodies into typed values, and values into JSON responses."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec
from starlette.responses import Response

from streaming.http.problem import BadRequest, TooLarge, Unprocessable, UnsupportedMediaType

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from starlette.requests import Request

T = TypeVar("T")

JSON_LIMIT: Final = 64 * 1024
"""Bytes of a JSON body, unless a route says otherwise."""


class MalformedJson(BadRequest):
    """The body is not JSON."""

    code, title = "malformed_json", "Malformed JSON"


class InvalidField(Unprocessable):
    """A field of the body is not acceptable; `errors` says which (JSON Pointer) and why."""

    code, title = "invalid_field", "Field not acceptable"

    def __init__(self, detail: str, *, pointer: str) -> None:
        super().__init__(f"{pointer or 'The body'}: {detail}", errors=[{"pointer": pointer, "detail": detail}])


async def read_bytes(request: Request, *, limit: int, pieces: AsyncIterator[bytes] | None = None) -> bytes:
    """The body, at most `limit` bytes; refused by its Content-Length before a byte of it is read. Raises TooLarge.

    `pieces`: the same body, as somebody hands it out who looks at how it comes.
    """
    declared = request.headers.get("content-length", "")
    if re.fullmatch("[0-9]{1,30}", declared) and int(declared) > limit:
        raise TooLarge(f"The body has {declared} bytes; at most {limit} are read here.", limit=limit)
    body = bytearray()
    async for piece in pieces or request.stream():
        body += piece
        if len(body) > limit:
            raise TooLarge(f"The body has more than {limit} bytes.", limit=limit)
    return bytes(body)


def check_media_type(request: Request, accepted: tuple[str, ...]) -> None:
    """Raises UnsupportedMediaType (with Accept) unless the Content-Type, without parameters, is one of these."""
    got = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if got not in accepted:
        wanted = " or ".join(accepted)
        raise UnsupportedMediaType(f"Send Content-Type: {wanted} (not {got or 'none'}).", headers={"Accept": wanted})


async def read_json(
    request: Request,
    kind: type[T],
    *,
    limit: int = JSON_LIMIT,
    media_types: tuple[str, ...] = ("application/json",),
    ignore_unknown: bool = False,
) -> T:
    """The body as a value of `kind` (a dataclass, or whatever msgspec can make from JSON).

    Fields that the dataclass does not have are refused, so that a misspelt one is noticed, unless `ignore_unknown`.
    Raises UnsupportedMediaType, TooLarge, MalformedJson, InvalidField.
    """
    check_media_type(request, media_types)
    return decode_json(await read_bytes(request, limit=limit), kind, ignore_unknown=ignore_unknown)


def decode_json(body: bytes, kind: type[T], *, ignore_unknown: bool = False) -> T:
    """JSON text as a value of `kind`. Raises MalformedJson, InvalidField."""
    try:
        raw = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise MalformedJson(f"The body is not JSON: {exc}.") from exc
    return convert(raw, kind, ignore_unknown=ignore_unknown)


def convert(raw: Any, kind: type[T], *, ignore_unknown: bool = False) -> T:
    """Decoded JSON as a value of `kind`. Raises InvalidField."""
    if not ignore_unknown and dataclasses.is_dataclass(kind) and isinstance(raw, dict):
        _refuse_unknown(raw, kind)
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as exc:
        message, _, path = str(exc).partition(" - at `")
        raise InvalidField(message + ".", pointer=_pointer(path.rstrip("`"))) from exc


def _refuse_unknown(raw: Mapping[str, Any], kind: Any) -> None:
    known = {field.name for field in dataclasses.fields(kind)}
    for name in raw:
        if name not in known:
            raise InvalidField(f"There is no such field; known are {', '.join(sorted(known))}.", pointer=f"/{name}")


def _pointer(path: str) -> str:
    """msgspec's `$.titles[0].en` as a JSON Pointer (RFC 6901): `/titles/0/en`."""
    steps = path.removeprefix("$").replace("[...]", "")  # a value of a mapping, without its key
    return steps.replace("[", ".").replace("]", "").replace(".", "/")


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A dataclass (or plain value) as JSON; times as RFC 3339. Not cached unless `headers` say so."""
    content = msgspec.json.encode(value)
    return Response(
        content,
        status_code=status,
        headers={"Cache-Control": "no-store", **(headers or {})},
        media_type="application/json",
    )
