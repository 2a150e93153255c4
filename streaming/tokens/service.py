"""Tokens and logins in SQL: made, looked up, revoked. Also the service's `Authenticator`."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, insert, select, update

from infra.sql import reading, transaction
from streaming.clock import utc_now
from streaming.http.auth import Principal, Role
from streaming.secret_hash import hashed
from streaming.tokens.errors import TokenNotFound
from streaming.tokens.model import NewToken, Token, new_secret, new_token_id
from streaming.tokens.tables import studio_logins, tokens

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta
    from pathlib import Path

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncEngine

    from streaming.clock import Clock

_LONGEST: Final = 512
"""Characters of anything that is looked up as a token: ours are far shorter."""


def _token_of(row: Row[Any]) -> Token:
    return Token(
        id=row.id, name=row.name, role=Role(row.role), created_by=row.created_by,
        created_at=row.created_at, expires_at=row.expires_at, revoked_at=row.revoked_at,
    )  # fmt: skip


def _principal_of(token: Token) -> Principal:
    return Principal(role=token.role, name=token.name, token_id=token.id)


class Tokens:
    """Raises DatabaseUnavailable from every method."""

    def __init__(self, *, sql: AsyncEngine, clock: Clock = utc_now) -> None:
        self._sql = sql
        self._clock = clock

    async def create(
        self, *, role: Role, name: str, lifetime: timedelta | None = None, created_by: str = "operator"
    ) -> NewToken:
        """Make a token; its secret is in the answer and nowhere else. Without a lifetime it is valid until revoked."""
        now = self._clock()
        secret = new_secret()
        token = Token(
            id=new_token_id(), name=name, role=role, created_by=created_by, created_at=now,
            expires_at=None if lifetime is None else now + lifetime, revoked_at=None,
        )  # fmt: skip
        async with transaction(self._sql) as connection:
            await connection.execute(
                insert(tokens).values(
                    id=token.id,
                    hash=hashed(secret),
                    name=name,
                    role=role.value,
                    created_by=created_by,
                    created_at=now,
                    expires_at=token.expires_at,
                )
            )
        return NewToken(token=token, secret=secret)

    async def list(self) -> Sequence[Token]:
        """All tokens, newest first, the revoked and expired ones too."""
        async with reading(self._sql) as connection:
            rows = await connection.execute(select(tokens).order_by(tokens.c.created_at.desc(), tokens.c.id))
            return [_token_of(row) for row in rows]

    async def revoke(self, token_id: str) -> None:
        """From now on it opens nothing, and logins made with it are over; doing it again is no error.

        Raises TokenNotFound.
        """
        async with transaction(self._sql) as connection:
            query = select(tokens).where(tokens.c.id == token_id).with_for_update()
            row = None if "\0" in token_id else (await connection.execute(query)).one_or_none()
            if row is None:
                raise TokenNotFound
            if row.revoked_at is None:
                await connection.execute(
                    update(tokens).where(tokens.c.id == token_id).values(revoked_at=self._clock())
                )  # fmt: skip
            await connection.execute(delete(studio_logins).where(studio_logins.c.token == token_id))

    async def by_token(self, token: str) -> Principal | None:
        found = await self._find(token)
        return None if found is None else _principal_of(found)

    async def by_cookie(self, cookie: str) -> Principal | None:
        if len(cookie) > _LONGEST:
            return None
        now = self._clock()
        query = (
            select(tokens)
            .join(studio_logins, studio_logins.c.token == tokens.c.id)
            .where(studio_logins.c.hash == hashed(cookie), studio_logins.c.expires_at > now)
        )
        async with reading(self._sql) as connection:
            row = (await connection.execute(query)).one_or_none()
        return _principal_of(_token_of(row)) if row is not None and _token_of(row).valid(now) else None

    async def log_in(self, secret: str, *, lifetime: timedelta) -> tuple[Principal, str] | None:
        """A login for a token: who it is and the cookie's value; None if the token is not valid."""
        token = await self._find(secret)
        if token is None:
            return None
        now = self._clock()
        cookie = new_secret()
        async with transaction(self._sql) as connection:
            await connection.execute(delete(studio_logins).where(studio_logins.c.expires_at <= now))
            await connection.execute(
                insert(studio_logins).values(
                    hash=hashed(cookie), token=token.id, created_at=now, expires_at=now + lifetime
                )
            )
        return _principal_of(token), cookie

    async def log_out(self, cookie: str) -> None:
        """End a login; an unknown one is no error."""
        async with transaction(self._sql) as connection:
            await connection.execute(delete(studio_logins).where(studio_logins.c.hash == hashed(cookie)))

    async def ensure_admin(self, path: Path) -> str:
        """The admin token that lies in a file of mode 0600; made when there is none, or it is no longer valid."""
        kept = await asyncio.to_thread(_read, path)
        if kept:
            found = await self._find(kept)
            if found is not None and found.role is Role.ADMIN:
                return kept
        made = await self.create(role=Role.ADMIN, name="first admin")
        await asyncio.to_thread(_write, path, made.secret)
        return made.secret

    async def _find(self, secret: str) -> Token | None:
        """The valid token of a secret, found by its hash: what the comparison's time could tell is of no use."""
        if len(secret) > _LONGEST:
            return None
        async with reading(self._sql) as connection:
            row = (await connection.execute(select(tokens).where(tokens.c.hash == hashed(secret)))).one_or_none()
        if row is None:
            return None
        token = _token_of(row)
        return token if token.valid(self._clock()) else None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        return ""


def _write(path: Path, secret: str) -> None:
    # Written beside and moved into place: nobody ever sees half a token, or one that others may read.
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secret + "\n")
    beside.replace(path)
