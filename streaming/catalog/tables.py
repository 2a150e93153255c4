"""Tables of the catalogue, and the index that its search uses.

`assets.number` counts up: newest first is number descending, and a cursor is a number. `search_text` holds all titles,
folded. Tags and title languages stand in the row (to be shown) and in `asset_terms` (to be filtered by).

`assets.version` is what is played, the columns `next_…` are of a source that is to take its place, and `listed` is the
version that the bucket's own playlists name. `former_versions` are those whose media are still to be swept: replaced by
another (`played`: viewers have a while to play them to the end), or given up before they were played. `former_sound`
names versions that have sound beside them that was made again at its right level.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    event,
    text,
)

from infra.sql import metadata, utc

if TYPE_CHECKING:
    from collections.abc import Callable

_NUMBER: Final = BigInteger().with_variant(Integer, "sqlite")

assets: Final = Table(
    "assets",
    metadata,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("id", String(64), nullable=False, unique=True),
    Column("state", String(16), nullable=False),
    Column("editorial", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("last_version", Integer, nullable=False),
    Column("growing", Integer),
    Column("captions", Integer, nullable=False),
    Column("listed", Integer),
    Column("next_version", Integer),
    Column("next_state", String(16)),
    Column("next_filename", Text),
    Column("next_size", BigInteger),
    Column("next_failure_code", String(64)),
    Column("next_failure_message", Text),
    Column("next_failure_cause", Text),
    Column("revision", Integer, nullable=False),
    Column("titles", JSON, nullable=False),
    Column("default_language", String(35), nullable=False),
    Column("descriptions", JSON, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("sport", String(64)),
    Column("discipline", String(64)),
    Column("duration_s", Float),
    Column("width", Integer),
    Column("height", Integer),
    Column("encryption", String(16), nullable=False),
    Column("source_filename", Text),
    Column("source_size", BigInteger),
    Column("failure_code", String(64)),
    Column("failure_message", Text),
    Column("failure_cause", Text),
    Column("search_text", Text, nullable=False),
    Column("profile", String(64), nullable=False),
    Column("created_by", String(100), nullable=False),
    Column("created_at", utc, nullable=False),
    Column("updated_at", utc, nullable=False),
    Column("published_at", utc),
    Column("deleted_at", utc),
    Index("ix_assets_editorial_number", "editorial", "number"),
    Index("ix_assets_state_number", "state", "number"),
    Index("ix_assets_sport_number", "sport", "number"),
    Index("ix_assets_deleted_at", "deleted_at"),
    Index("ix_assets_next_state", "next_state"),
    sqlite_autoincrement=True,
)

former_versions: Final = Table(
    "former_versions",
    metadata,
    Column("asset", _NUMBER, ForeignKey("assets.number", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("played", Boolean, nullable=False),
    Column("since", utc, nullable=False),
)

former_sound: Final = Table(
    "former_sound",
    metadata,
    Column("asset", _NUMBER, ForeignKey("assets.number", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("since", utc, nullable=False),
)

asset_terms: Final = Table(
    "asset_terms",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("term", String(64), primary_key=True),
    Column("asset", _NUMBER, ForeignKey("assets.number", ondelete="CASCADE"), primary_key=True),
    Index("ix_asset_terms_asset", "asset"),
)

SEARCH_INDEX: Final = "asset_search"
"""Name of the full-text index (SQLite: a virtual table; PostgreSQL: an index)."""

# https://sqlite.org/fts5.html#external_content_tables: the index keeps no copy, so triggers hand it old and new texts.
_SQLITE: Final = (
    "CREATE VIRTUAL TABLE asset_search USING fts5("
    "search_text, content='assets', content_rowid='number', tokenize='trigram')",
    "CREATE TRIGGER assets_search_insert AFTER INSERT ON assets BEGIN "
    "INSERT INTO asset_search(rowid, search_text) VALUES (new.number, new.search_text); END",
    "CREATE TRIGGER assets_search_delete AFTER DELETE ON assets BEGIN "
    "INSERT INTO asset_search(asset_search, rowid, search_text) VALUES ('delete', old.number, old.search_text); END",
    "CREATE TRIGGER assets_search_update AFTER UPDATE OF search_text ON assets BEGIN "
    "INSERT INTO asset_search(asset_search, rowid, search_text) VALUES ('delete', old.number, old.search_text); "
    "INSERT INTO asset_search(rowid, search_text) VALUES (new.number, new.search_text); END",
)

# An ordinary role may not be allowed to make the extension: search then reads the column, which is slower, not wrong.
_POSTGRESQL: Final = (
    "DO $$ BEGIN CREATE EXTENSION IF NOT EXISTS pg_trgm; "
    "CREATE INDEX asset_search ON assets USING gin (search_text gin_trgm_ops); "
    "EXCEPTION WHEN OTHERS THEN RAISE NOTICE 'search works without an index: %', SQLERRM; END $$",
)

_TRIGRAM_SINCE: Final = (3, 34)


def create_search_index(connection: Connection) -> None:
    """Make the search index, where the database can. Called after `assets` is made, by migrations too."""
    if connection.dialect.name == "postgresql":
        statements: tuple[str, ...] = _POSTGRESQL
    else:
        version = str(connection.execute(text("SELECT sqlite_version()")).scalar_one())
        if tuple(int(part) for part in version.split(".")[:2]) < _TRIGRAM_SINCE:
            return
        statements = _SQLITE
    for statement in statements:
        connection.exec_driver_sql(statement)


def drop_search_index(connection: Connection) -> None:
    """The reverse of `create_search_index`; the triggers go with their table."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("DROP INDEX IF EXISTS asset_search")
    else:
        connection.exec_driver_sql("DROP TABLE IF EXISTS asset_search")


def _with_table(make: Callable[[Connection], None]) -> Callable[..., None]:
    def listener(target: Table, connection: Connection, **_: Any) -> None:
        make(connection)

    return listener


event.listen(assets, "after_create", _with_table(create_search_index))
event.listen(assets, "before_drop", _with_table(drop_search_index))
