"""Entity tags and conditional requests (RFC 9110 §8.8.3, §13)."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

_TAG: Final = re.compile(r'\s*(W/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*(?:,|$)')
# RFC 9110 §15.4.5: what a 304 repeats of the headers that a 200 would have had.
_KEPT: Final = frozenset({"cache-control", "content-location", "date", "etag", "expires", "vary"})


def strong_etag(*parts: bytes | str) -> str:
    """A quoted strong tag of content: the same bytes, the same tag, in every process."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode() if isinstance(part, str) else part)
    return f'"{digest.hexdigest()[:32]}"'


def weak(etag: str) -> str:
    """The weak form of a tag."""
    return etag if etag.startswith("W/") else f"W/{etag}"


def entity_tags(header: str) -> list[tuple[bool, str]] | None:
    """(weak, opaque) of each tag in a list; None if the header is no list of tags."""
    found: list[tuple[bool, str]] = []
    position = 0
    while position < len(header):
        match = _TAG.match(header, position)
        if match is None:
            return None
        found.append((match[1] is not None, match[2]))
        position = match.end()
    return found


def none_match(header: str | None, etag: str) -> bool:
    """If-None-Match, by weak comparison: True means that the client does not have this version (send it)."""
    if header is None:
        return True
    if header.strip() == "*":
        return False
    opaque = etag.removeprefix("W/").strip('"')
    return all(opaque != tag for _, tag in entity_tags(header) or [])


def if_match(header: str | None, etag: str) -> bool:
    """If-Match, by strong comparison: True means that the request may go on (also when there is no such header)."""
    if header is None or header.strip() == "*":
        return True
    if etag.startswith("W/"):
        return False
    return (False, etag.strip('"')) in (entity_tags(header) or [])


def if_range(header: str | None, etag: str) -> bool:
    """If-Range with a tag, by strong comparison (RFC 9110 §13.1.5): True means that a range may be sent.

    A date never matches: the whole is sent, which is always right.
    """
    return header is None or (not etag.startswith("W/") and header.strip() == etag)


def not_modified(request: Request, etag: str, headers: Mapping[str, str] | None = None) -> Response | None:
    """304 for a GET or HEAD whose If-None-Match names this version; None if the body must be sent."""
    if request.method not in {"GET", "HEAD"} or none_match(request.headers.get("if-none-match"), etag):
        return None
    kept = {name: value for name, value in (headers or {}).items() if name.lower() in _KEPT}
    return Response(status_code=304, headers={**kept, "ETag": etag})
