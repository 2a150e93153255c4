"""The table of timelines: tags, in the order in which they were added. What lasts longer than Redis."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from infra.sql import metadata, utc

timeline_tags: Final = Table(
    "timeline_tags",
    metadata,
    Column("channel", String(64), ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True),
    Column("event", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("mark", String(64), nullable=False),
    # The line of the playlist (EXT-X-DATERANGE).
    Column("tag", Text, nullable=False),
    Column("source", String(16), nullable=False),
    Column("created_by", String(100), nullable=False),
    Column("created_at", utc, nullable=False),
    # Of the mark, not of the tag; none: its end is not known.
    Column("ends_at", utc),
    # Where it stands in the playlists, once Redis has said so: when it was added, and in front of which part.
    Column("added_ms", BigInteger),
    Column("msn", BigInteger),
    Column("part", Integer),
    Index("ix_timeline_tags_channel_mark", "channel", "mark"),
)
