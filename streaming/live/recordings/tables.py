"""The table of events: one row for each, from its beginning until nothing of it is left in the bucket."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Float, Index, Integer, String, Table, Text

from infra.sql import metadata, utc

live_events: Final = Table(
    "live_events",
    metadata,
    Column("channel", String(64), primary_key=True),
    Column("event", Integer, primary_key=True, autoincrement=False),
    Column("title", Text, nullable=False),
    Column("profile", String(64), nullable=False),
    Column("created_by", String(100), nullable=False),
    Column("begun_at", utc, nullable=False),
    Column("over_at", utc),
    Column("wanted", Boolean, nullable=False),
    Column("asset", String(64), nullable=False),
    Column("parts", Integer),
    Column("missing_s", Float),
    Index("ix_live_events_parts", "parts"),
)
