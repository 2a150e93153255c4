"""aiosqlite's connection, ended as often as anybody likes.

Its thread answers one `stop` and is gone. SQLAlchemy, whose statement is cancelled twice, stops a connection that is
being closed already; the close stops it again, and waits for the second answer for ever: a process that was asked to
end stays (omnilib/aiosqlite 0.22.1, sqlalchemy 2.1; wapiti-scanner/wapiti#802 is the same).
"""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import aiosqlite

if TYPE_CHECKING:
    import asyncio

_ROWS_AT_ONCE: Final = 64


class SqliteConnection(aiosqlite.Connection):
    """Whoever stops it again waits for the answer to the first time."""

    _answer: asyncio.Future[Any] | None = None
    _stopped = False

    def stop(self) -> asyncio.Future[Any] | None:
        if not self._stopped:
            self._stopped = True
            self._answer = super().stop()
        return self._answer


def connect_sqlite(database: str, **options: Any) -> SqliteConnection:
    """To be awaited; `options` are those of `sqlite3.connect`."""
    made = SqliteConnection(partial(sqlite3.connect, database, **options), _ROWS_AT_ONCE)
    # A process that ends does not wait for connections that nobody closed.
    made._thread.daemon = True
    return made
