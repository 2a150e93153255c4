"""Checksums that a client sends beside the bytes: Upload-Checksum of tus, Repr-Digest (RFC 9530) and Content-MD5."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Final

from streaming.upload.errors import MalformedHeader, UnknownChecksum

if TYPE_CHECKING:
    from collections.abc import Mapping

ALGORITHMS: Final = ("sha1", "sha256", "sha512", "md5")
"""Tus-Checksum-Algorithm. SHA-1 is the one that every tus server must know."""
_DIGEST_FIELD: Final = re.compile(r"\s*(sha-256|sha-512)\s*=\s*:([A-Za-z0-9+/=]*):\s*")


class Digest:
    """The running checksum of the bytes that arrive, beside the one that was promised."""

    def __init__(self, algorithm: str, expected: bytes) -> None:
        self._hash = hashlib.new(algorithm, usedforsecurity=False)
        self._expected = expected
        if len(expected) != self._hash.digest_size:
            raise MalformedHeader(f"A {algorithm} checksum has {self._hash.digest_size} bytes, not {len(expected)}.")

    def update(self, body: bytes) -> None:
        self._hash.update(body)

    @property
    def matches(self) -> bool:
        return hmac.compare_digest(self._hash.digest(), self._expected)


def _base64(text: str, header: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as exc:  # letters beyond ASCII are no binascii.Error
        raise MalformedHeader(f"{header} must be Base64.") from exc


def upload_checksum(headers: Mapping[str, str]) -> Digest | None:
    """Upload-Checksum: algorithm, space, Base64 (tus, checksum extension). Raises UnknownChecksum, MalformedHeader."""
    header = headers.get("upload-checksum")
    if header is None:
        return None
    algorithm, _, value = header.strip().partition(" ")
    if algorithm not in ALGORITHMS:
        raise UnknownChecksum(f"Upload-Checksum may use {', '.join(ALGORITHMS)}, not {algorithm[:40]!r}.")
    return Digest(algorithm, _base64(value, "Upload-Checksum"))


def representation_digests(headers: Mapping[str, str]) -> tuple[Digest, ...]:
    """Digests of a whole body: Repr-Digest and Content-Digest (the same, for a body without content coding) and
    Content-MD5 (RFC 1864). Other algorithms of RFC 9530 are passed over, as its §2 asks. Raises MalformedHeader."""
    found = []
    for name in ("repr-digest", "content-digest"):
        for member in headers.get(name, "").split(","):
            match = _DIGEST_FIELD.fullmatch(member)
            if match is not None:
                found.append(Digest(match[1].replace("-", ""), _base64(match[2], name.title())))
    md5 = headers.get("content-md5")
    if md5 is not None:
        found.append(Digest("md5", _base64(md5.strip(), "Content-MD5")))
    return tuple(found)
