"""The tables of the uploads."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from infra.sql import metadata, utc

uploads = Table(
    "uploads",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("asset", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("length", BigInteger),
    Column("offset", BigInteger, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("writing", Boolean, nullable=False),
    Column("store_id", Text, nullable=False),
    Column("part_bytes", BigInteger, nullable=False),
    Column("filename", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("metadata", Text, nullable=False),
    Column("publish", Boolean, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", utc, nullable=False),
    Column("updated_at", utc, nullable=False),
    Column("expires_at", utc, nullable=False),
    # The sweeper asks for the open ones, and for those that have been over for long.
    Index("ix_uploads_state_updated_at", "state", "updated_at"),
    Index("ix_uploads_asset", "asset"),
)

upload_pieces = Table(
    "upload_pieces",
    metadata,
    Column("upload", String(64), ForeignKey("uploads.id", ondelete="CASCADE"), primary_key=True),
    Column("start", BigInteger, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("epoch", Integer, nullable=False),
)
