"""Migrations: bring a database to this version's tables.

A new one is drafted by `python -m streaming.migrate "What it does"`, from the difference between the tables in the code
and what the migrations so far make of an empty SQLite database; it is then read, and corrected, by a person.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import text

from infra.errors import InfraError
from infra.sql import UtcDateTime, open_engine, transaction
from streaming.catalog.tables import SEARCH_INDEX

if TYPE_CHECKING:
    from sqlalchemy import Connection

_FOLDER: Final = Path(__file__).with_name("migrations")
_LOCK: Final = 0x6368616E6E656C  # "channel": the key of PostgreSQL's advisory lock


class MigrationFailed(InfraError):
    """The database could not be brought to this version's tables."""


def config(connection: Connection) -> Config:
    """Alembic's settings for one connection."""
    found = Config()
    found.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    found.attributes["connection"] = connection
    return found


def is_ours(_object: object, name: str | None, kind: str, reflected: bool, _compared: object) -> bool:
    """Whether Alembic shall compare something: the search index and what SQLite keeps for it stand in no metadata."""
    return not (reflected and kind in {"table", "index"} and name is not None and name.startswith(SEARCH_INDEX))


def written(kind: str, item: object, _context: object) -> str | Literal[False]:
    """How a draft writes our own column type: as what it is in the database, whatever becomes of the class."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":  # SQLite lets one transaction write anyway
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    command.upgrade(config(connection), "head")


async def upgrade(url: str) -> None:
    """All migrations that are missing, in one transaction; several processes may do it at once.

    Raises MigrationFailed, DatabaseUnavailable.
    """
    logging.getLogger("alembic").setLevel(logging.WARNING)
    engine = open_engine(url)
    try:
        async with transaction(engine) as connection:
            await connection.run_sync(_upgrade)
    except CommandError as exc:
        raise MigrationFailed(f"{exc} Was the database used by a newer version of this program?") from exc
    finally:
        await engine.dispose()


async def _draft(message: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/draft.db"
        await upgrade(url)
        engine = open_engine(url)

        def write(connection: Connection) -> Any:
            number = len(list((_FOLDER / "versions").glob("[0-9]*.py"))) + 1
            return command.revision(config(connection), message, autogenerate=True, rev_id=f"{number:04}")

        try:
            async with transaction(engine) as connection:
                await connection.run_sync(write)
        finally:
            await engine.dispose()


if __name__ == "__main__":
    asyncio.run(_draft(" ".join(sys.argv[1:])))
