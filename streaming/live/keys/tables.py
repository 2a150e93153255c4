"""The table of stream keys: hashes only."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table

from infra.sql import metadata, utc

stream_keys: Final = Table(
    "stream_keys",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("channel", String(64), ForeignKey("channels.id", ondelete="CASCADE"), nullable=False),
    Column("place", String(16), nullable=False),
    Column("created_by", String(100), nullable=False),
    Column("created_at", utc, nullable=False),
    Column("expires_at", utc),
    Column("revoked_at", utc),
    # A listener of SRT takes one passphrase, so a key that may be used has a port of its own; none where they ran out.
    Column("srt_port", Integer, unique=True),
    Index("ix_stream_keys_channel", "channel"),
)
