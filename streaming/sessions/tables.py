"""Tables of viewing sessions: an append-only ledger, and what it adds up to."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table

from infra.sql import metadata, utc
from streaming.sessions.tally import MEASURES


def _measures() -> list[Column[int]]:
    return [Column(name, BigInteger, nullable=False, default=0) for name in MEASURES]


session_ledger: Final = Table(
    "session_ledger",
    metadata,
    Column("session", String(32), primary_key=True),
    Column("entry", Integer, primary_key=True, autoincrement=False),
    Column("revision", BigInteger, nullable=False),
    Column("asset", String(64), nullable=False),
    Column("channel", String(64), nullable=False),
    Column("event", Integer, nullable=False),
    Column("hour", utc, nullable=False),
    Column("device", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("seen_at", utc, nullable=False),
    Column("recorded_at", utc, nullable=False, index=True),
    *_measures(),
    Index(None, "asset", "hour"),
    Index(None, "channel", "event", "hour"),
)
"""One row for each time that a session is told of: what it has gained since its last entry. Rows are never changed.

A row is of an asset (`channel` "", `event` 0), or of an event of a channel (`asset` "").
`session` is the session's name (`Ticket.name`), by which its id finds the rows, but not the other way round.
`entry` counts from 1 within the session: two processes that tell of the same session at once collide, and one of them
begins again. `hour` is the hour in which the session began.
"""

session_rollup: Final = Table(
    "session_rollup",
    metadata,
    Column("asset", String(64), primary_key=True),
    Column("channel", String(64), primary_key=True),
    Column("event", Integer, primary_key=True, autoincrement=False),
    Column("hour", utc, primary_key=True),
    *_measures(),
    Column("peak", Integer, nullable=False, default=0),
)
"""The ledger's sums by what was watched and hour of beginning, moved in the transaction that writes the entries. `peak`
is the highest number of viewers at once seen within that hour."""

resume_positions: Final = Table(
    "resume_positions",
    metadata,
    Column("viewer", String(32), primary_key=True),
    Column("asset", String(64), primary_key=True),
    Column("position_ms", BigInteger, nullable=False),
    Column("seen_at", utc, nullable=False, index=True),
)
"""Where viewers (keyed hashes) left off; forgotten after `CHANNEL_RESUME_KEEP_S`."""
