"""Stream keys: what is known of one, and how it is made. Pure but for the random source."""

from __future__ import annotations

import base64
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from streaming.live.ingest.publisher import Place
from streaming.secret_hash import hashed

_PREFIX: Final = "live_"
_SRT: Final = b"srt passphrase of stream key "


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamKey:
    """A key as it is kept: `id` names it in public, the secret itself is nowhere.

    `expires_at` is set when a newer key takes its place; who publishes with it by then goes on. Revoking it ends that.
    `srt_port`: where SRT is listened to for this key.
    """

    id: str
    channel: str
    place: Place
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    srt_port: int | None

    def valid(self, now: datetime) -> bool:
        """Whether somebody may begin to publish with it."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStreamKey:
    """A key just made: the only moment at which `secret` is known."""

    key: StreamKey
    secret: str

    def __repr__(self) -> str:
        return f"NewStreamKey(key={self.key!r})"


def new_secret() -> str:
    """192 random bits behind a prefix by which secret scanners and people know it; nothing that a URL would escape."""
    return _PREFIX + secrets.token_urlsafe(24)


def new_key_id() -> str:
    return secrets.token_urlsafe(9)


def is_secret_of(secret: str, kept: str) -> bool:
    """Whether a secret has this hash, in a time that tells nothing."""
    return hmac.compare_digest(hashed(secret), kept)


def srt_passphrase(key_id: str, *, pepper: bytes) -> str:
    """The passphrase of a key for SRT: 32 characters of the 10 to 79 that the protocol allows.

    A listener needs it in the clear, while only a hash of the stream key is kept: so it is another secret, worked out
    from the key's id and a secret of the service (`pepper`) whenever it is needed, and kept nowhere.
    """
    digest = hmac.digest(pepper, _SRT + key_id.encode(), "sha256")
    return base64.urlsafe_b64encode(digest)[:32].decode()
