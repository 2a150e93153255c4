"""Tables of the captions: a list for each asset, its tracks with their cues, and what earlier revisions left.

`timed` is the version of the source whose times the cues of a track are in: of a trim they are shifted.

The cues of a track are a JSON document of its row: they are read and written as a whole, and a match has some thousand.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from infra.sql import metadata, utc

caption_lists: Final = Table(
    "caption_lists",
    metadata,
    Column("asset", String(64), ForeignKey("assets.id", ondelete="CASCADE"), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("last_track", Integer, nullable=False),
    Column("found", Integer, nullable=False),
    Column("notes", Text, nullable=False),
    Column("published", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("length", Integer, nullable=False),
)

caption_tracks: Final = Table(
    "caption_tracks",
    metadata,
    Column("asset", String(64), ForeignKey("caption_lists.asset", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("rendition", Integer, nullable=False),
    Column("language", String(35), nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("is_default", Boolean, nullable=False),
    Column("version", Integer),
    Column("timed", Integer, nullable=False),
    Column("format", String(16), nullable=False),
    Column("filename", Text),
    Column("warnings", Text, nullable=False),
    Column("cue_count", Integer, nullable=False),
    Column("cues", Text, nullable=False),
    Column("edited_by", String(100), nullable=False),
    Column("edited_at", utc, nullable=False),
)

caption_leftovers: Final = Table(
    "caption_leftovers",
    metadata,
    Column("asset", String(64), ForeignKey("caption_lists.asset", ondelete="CASCADE"), primary_key=True),
    Column("rendition", String(64), primary_key=True),
    Column("since", utc, nullable=False),
    Index("ix_caption_leftovers_since", "since"),
)
