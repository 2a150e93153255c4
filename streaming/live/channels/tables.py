"""The table of channels."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Integer, String, Table, Text

from infra.sql import metadata, utc

channels: Final = Table(
    "channels",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("title", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("event", Integer, nullable=False),
    Column("profile", String(64), nullable=False),
    Column("latency", String(16), nullable=False),
    Column("dvr_s", Integer, nullable=False),
    Column("public", Boolean, nullable=False),
    Column("record", Boolean, nullable=False),
    Column("slate", String(32), nullable=False),
    Column("trouble", Text, nullable=False),
    Column("created_by", String(100), nullable=False),
    Column("created_at", utc, nullable=False),
    Column("started_at", utc),
    Column("ended_at", utc),
    Column("starts_at", utc),
    Column("ends_at", utc),
)
