"""Tokens: what is known of one, and how it is made. Pure but for the random source."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from streaming.http.auth import Role

NAME: Final = 100
"""Characters of a token's name at most."""

_PREFIX: Final = "ch_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token as it is kept: `id` names it in public, the secret itself is nowhere."""

    id: str
    name: str
    role: Role
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    def valid(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A token just made: the only moment at which `secret` is known."""

    token: Token
    secret: str

    def __repr__(self) -> str:
        return f"NewToken(token={self.token!r})"


def is_token_name(text: str) -> bool:
    """Whether a text says for whom or what a token is, in every list that it appears in."""
    return 0 < len(text) <= NAME and text.isprintable()


def new_secret() -> str:
    """256 random bits behind a prefix by which secret scanners and people know it."""
    return _PREFIX + secrets.token_urlsafe(32)


def new_token_id() -> str:
    return secrets.token_urlsafe(9)
