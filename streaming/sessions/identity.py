"""Session ids that prove themselves, and hashes instead of viewers.

A session id is a ticket: it says, signed, what is watched, since when and when a view is counted. So a heartbeat
can bring back a session that Redis has lost. It has at most 64 characters for the catalogue's own asset ids, which
is what a CMCD session id may have (CTA-5004 §3.1, `sid`).

A viewer is known by a keyed hash (HMAC-SHA-256, cut to 64 bits), which finds the resume position again and does not
rotate. For counting unique visitors another hash with a key of the day is used, and is not stored at all: it only
moves a HyperLogLog. No address and no name is kept.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from streaming.sessions.errors import SessionNotFound
from streaming.sessions.subject import Subject, name_of, subject_of

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

EPOCH_MS: Final = 1_577_836_800_000
"""2020-01-01: session ids count milliseconds from here, in five bytes (until 2054)."""

NAME: Final = 16
"""Letters of a session's name (see `Ticket.name`)."""

_WITH_VIEWER: Final = 1
_PACKED: Final = 2  # what is watched has a name that is base64url of fewer bytes
_FORMAT: Final = 16  # the high half of the first byte; the low half are the flags above
_FIXED: Final = 14  # flags, shard, begin (5), threshold (2), nonce (5)
_VIEWER: Final = 8
_MAC: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What a session id says. `viewer` is the viewer's keyed hash in hexadecimal, or ""."""

    id: str
    subject: Subject
    begun_ms: int
    threshold_ms: int
    shard: int
    viewer: str

    @property
    def name(self) -> str:
        """What the session is called in Redis and in the ledger: the end of its id, which is its signature.

        Short, and of no use to whoever reads it there: only the whole id can report on the session.
        """
        return self.id[-NAME:]


class Identity:
    """Signs and reads session ids, hashes viewers; all with keys derived from one secret."""

    def __init__(self, secret: bytes) -> None:
        self._signing, self._masking, self._viewers, self._visitors = (
            hmac.digest(secret, use, "sha256") for use in (b"session id", b"session viewer", b"viewer", b"visitor")
        )

    def issue(self, *, subject: Subject, begun_ms: int, threshold_ms: int, shard: int, viewer: str) -> Ticket:
        """A new session id."""
        name = name_of(subject)
        packed = _unpadded(name)
        flags = (_WITH_VIEWER if viewer else 0) | (_PACKED if packed else 0)
        body = b"".join(
            (
                bytes((_FORMAT | flags, shard)),
                (begun_ms - EPOCH_MS).to_bytes(5),
                threshold_ms.to_bytes(2),
                secrets.token_bytes(5),
            )
        )
        body += self._mask(body, bytes.fromhex(viewer)) + (packed or name.encode())
        signed = body + self._mac(body)
        return Ticket(
            id=base64.urlsafe_b64encode(signed).rstrip(b"=").decode(),
            subject=subject, begun_ms=begun_ms, threshold_ms=threshold_ms, shard=shard, viewer=viewer,
        )  # fmt: skip

    def read(self, text: str) -> Ticket:
        """The ticket of a session id. Raises SessionNotFound for whatever was not signed here."""
        signed = _unpadded(text)
        body, mac = signed[:-_MAC], signed[-_MAC:]
        if len(body) <= _FIXED or not hmac.compare_digest(mac, self._mac(body)):
            raise SessionNotFound
        head, rest = body[:_FIXED], body[_FIXED:]
        viewer = rest[:_VIEWER] if head[0] & _WITH_VIEWER else b""
        name = rest[len(viewer) :]
        return Ticket(
            id=text,
            subject=subject_of(_text(name) if head[0] & _PACKED else name.decode()),
            begun_ms=int.from_bytes(head[2:7]) + EPOCH_MS,
            threshold_ms=int.from_bytes(head[7:9]),
            shard=head[1],
            viewer=self._mask(head, viewer).hex(),
        )

    def viewer(self, scope: str, viewer: str) -> str:
        """The keyed hash of a viewer, in hexadecimal. `scope` says who vouches for the name, so that a player cannot
        ask for the positions of a viewer whom another site's backend has named."""
        return hmac.digest(self._viewers, f"{scope}\0{viewer}".encode(), "sha256")[:_VIEWER].hex()

    def visitor(self, day: date, who: str) -> bytes:
        """Whoever watches on this day (UTC), unlinkable to any other day."""
        salt = hmac.digest(self._visitors, day.isoformat().encode(), "sha256")
        return hmac.digest(salt, who.encode(), "sha256")[:16]

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._signing, body, "sha256")[:_MAC]

    def _mask(self, head: bytes, viewer: bytes) -> bytes:
        """Hide (or show again) the viewer's hash: session ids get into logs and CMCD, and must not link sessions."""
        stream = hmac.digest(self._masking, head, "sha256")
        return bytes(left ^ right for left, right in zip(viewer, stream, strict=False))


def shard_of(key: bytes | str, shards: int) -> int:
    """Which of the shards a viewer, visitor or attempt belongs to: the same in every process."""
    digest = hashlib.blake2b(key.encode() if isinstance(key, str) else key, digest_size=4).digest()
    return int.from_bytes(digest) % shards


def keep_secret(path: Path) -> bytes:
    """The secret in a file of mode 0600, made when it is missing; if several processes make it, one of them wins."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)  # as a whole or not at all, and never over another's
        draft.unlink()
    return path.read_bytes().strip()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unpadded(text: str) -> bytes:
    """The bytes of base64url without padding (RFC 4648 §5); b"" if it is none, or not in its one canonical form."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):  # ValueError: letters beyond ASCII
        return b""
    return raw if _text(raw) == text else b""
