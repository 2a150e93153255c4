"""Headers of tus 1.0.0 (https://tus.io/protocols/resumable-upload), read strictly. Pure."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final

from streaming.upload.errors import MalformedHeader, WrongTusVersion

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION: Final = "1.0.0"
EXTENSIONS: Final = (
    "creation", "creation-with-upload", "creation-defer-length", "checksum", "expiration", "termination",
)  # fmt: skip
BODY_TYPE: Final = "application/offset+octet-stream"
METADATA_LIMIT: Final = 8 * 1024
"""Bytes of an Upload-Metadata header."""

_INTEGER: Final = re.compile(r"[0-9]{1,19}")
_KEY: Final = re.compile(r"[!-+\--~]+")
"""Printable ASCII without space and comma (creation extension, "Upload-Metadata")."""


def check_version(headers: Mapping[str, str]) -> None:
    """Every request but OPTIONS names the version (core protocol, "Tus-Resumable"). Raises WrongTusVersion."""
    if headers.get("tus-resumable") != VERSION:
        raise WrongTusVersion(headers={"Tus-Version": VERSION})


def integer(headers: Mapping[str, str], name: str) -> int | None:
    """A non-negative integer header in bytes; None if it is absent. Raises MalformedHeader."""
    text = headers.get(name)
    if text is None:
        return None
    if _INTEGER.fullmatch(text) is None:
        raise MalformedHeader(f"{name} must be a non-negative integer, not {text[:40]!r}.")
    return int(text)


def declared_length(headers: Mapping[str, str]) -> int | None:
    """Upload-Length, or None with `Upload-Defer-Length: 1`: exactly one of them. Raises MalformedHeader."""
    length = integer(headers, "Upload-Length")
    deferred = headers.get("upload-defer-length")
    if deferred not in {None, "1"}:
        raise MalformedHeader("Upload-Defer-Length can only be 1.")
    if (length is None) == (deferred is None):
        raise MalformedHeader("Send either Upload-Length (bytes of the file) or Upload-Defer-Length: 1.")
    return length


def metadata(header: str) -> dict[str, str]:
    """Upload-Metadata: comma-separated pairs of a key and a Base64 value, keys unique, a value may be absent.

    Values are read as UTF-8. Raises MalformedHeader.
    """
    if len(header) > METADATA_LIMIT:
        raise MalformedHeader(f"Upload-Metadata has more than {METADATA_LIMIT} characters.")
    found: dict[str, str] = {}
    for pair in header.split(",") if header.strip() else ():
        key, _, value = pair.strip().partition(" ")
        if _KEY.fullmatch(key) is None:
            raise MalformedHeader("Upload-Metadata: a key must be printable ASCII without spaces, and not empty.")
        if key in found:
            raise MalformedHeader(f"Upload-Metadata has {key} twice.")
        try:
            found[key] = base64.b64decode(value, validate=True).decode()
        except ValueError as exc:  # neither ASCII, nor Base64, nor UTF-8
            raise MalformedHeader(f"Upload-Metadata: the value of {key} must be Base64 of UTF-8 text.") from exc
    return found


def dump_metadata(values: Mapping[str, str]) -> str:
    """The header that `metadata` reads."""
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items())
