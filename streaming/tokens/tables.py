"""Tables of tokens and of the studio's logins: hashes only."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, String, Table

from infra.sql import metadata, utc

tokens: Final = Table(
    "tokens",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("name", String(100), nullable=False),
    Column("role", String(16), nullable=False),
    Column("created_by", String(100), nullable=False),
    Column("created_at", utc, nullable=False),
    Column("expires_at", utc),
    Column("revoked_at", utc),
)

studio_logins: Final = Table(
    "studio_logins",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("token", String(32), ForeignKey("tokens.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", utc, nullable=False),
    Column("expires_at", utc, nullable=False),
    Index("ix_studio_logins_token", "token"),
    Index("ix_studio_logins_expires_at", "expires_at"),
)
