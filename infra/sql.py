"""The SQL engine: SQLite (WAL) or PostgreSQL by URL, through SQLAlchemy Core on asyncio.

Tables belong to the capabilities that own them; they are defined on `metadata`.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import DateTime, MetaData, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.types import TypeDecorator

from infra.errors import DatabaseUnavailable, SettingsError
from infra.sqlite_connection import connect_sqlite

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from sqlalchemy import Connection, Dialect
    from sqlalchemy.engine import URL
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""All tables of the service. The names of constraints are fixed, so that migrations can name them on both engines."""

_DRIVERS: Final = {
    "sqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
}
_BUSY_MS: Final = 10_000
_WRITES: Final = "channel_writes"


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes in, aware datetimes in UTC out, on both engines (SQLite keeps no time zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime: give it a time zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


utc: Final = UtcDateTime()
"""Column type of moments: `Column("created_at", utc, nullable=False)`."""


def driver_url(url: str) -> URL:
    """A settings URL (`sqlite:///…`, `postgresql://…`) with the asynchronous driver that we use.

    Raises SettingsError for other engines.
    """
    parsed = make_url(url)
    try:
        return parsed.set(drivername=_DRIVERS[parsed.drivername.partition("+")[0]])
    except KeyError as exc:
        raise SettingsError(f"CHANNEL_DATABASE_URL: {parsed.drivername} is neither sqlite nor postgresql") from exc


def open_engine(url: str) -> AsyncEngine:
    """An engine with a pool; nothing is connected until it is used. `await engine.dispose()` closes it.

    Its errors get into logs: they name statements, never the values (hashes of tokens and viewers are among them).
    """
    parsed = driver_url(url)
    if parsed.get_backend_name() == "sqlite":
        folder = Path(parsed.database or "").parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise SettingsError(f"CHANNEL_DATABASE_URL: cannot make the folder {folder}: {exc.strerror}") from exc
        engine = create_async_engine(
            parsed, hide_parameters=True,
            connect_args={"timeout": _BUSY_MS / 1000, "async_creator_fn": connect_sqlite},
        )  # fmt: skip
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return engine
    return create_async_engine(
        parsed,
        hide_parameters=True,
        pool_size=10,
        max_overflow=10,
        pool_timeout=10,
        pool_pre_ping=True,
        pool_recycle=1800,
        connect_args={"timeout": 5, "command_timeout": 30, "server_settings": {"application_name": "channel"}},
    )


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver must not begin transactions by itself: it would do so too late, and never IMMEDIATE.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    _use_wal(cursor)
    cursor.execute("PRAGMA synchronous = NORMAL")  # safe with WAL: a power cut loses the last commits, not the file
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _use_wal(cursor: Any) -> None:
    # While another connection turns a new file to WAL, SQLite answers "locked" at once, whatever busy_timeout says.
    deadline = time.monotonic() + _BUSY_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)


def _begin_sqlite(connection: Connection) -> None:
    # A deferred transaction that reads and then writes fails at once when another wrote in between; IMMEDIATE waits.
    writes = connection.get_execution_options().get(_WRITES, True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, InternalError, PoolTimeout) as exc:
        raise DatabaseUnavailable(str(exc)) from exc
    except DBAPIError as exc:
        if exc.connection_invalidated:
            raise DatabaseUnavailable(str(exc)) from exc
        raise


@asynccontextmanager
async def _connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    connection = engine.connect()
    try:
        await connection.start()
    except (OSError, TimeoutError) as exc:  # asyncpg does not wrap them
        raise DatabaseUnavailable(f"database: {exc}") from exc
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction that may write: committed at the end, rolled back by an exception.

    Raises DatabaseUnavailable when the engine does not answer or stays locked; IntegrityError passes as it is.
    """
    with _translated():
        async with _connected(engine) as connection, connection.begin():
            yield connection


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction that only reads: on SQLite it neither waits for writers nor holds them up."""
    with _translated():
        async with _connected(engine) as connection:
            await connection.execution_options(**{_WRITES: False})
            async with connection.begin():
                yield connection
