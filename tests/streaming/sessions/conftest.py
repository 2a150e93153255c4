"""Viewing sessions on a real Valkey and a real database, with a clock that the test moves."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import pytest

from infra.ports import Cache
from infra.sql import metadata, open_engine
from manifests.layout import AssetId, ChannelId
from streaming.sessions.identity import Identity
from streaming.sessions.ledger import Ledger
from streaming.sessions.model import Counters, News, Stamped
from streaming.sessions.rollup import Rollup
from streaming.sessions.service import Audience, Heard, Opened, Sessions
from streaming.sessions.settings import SessionSettings
from streaming.sessions.subject import ChannelEvent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncEngine

    from streaming.sessions.subject import Subject


ASSET: Final = AssetId("hQ3vXo2mTz-Jk81LwPq0aA")
LIVE: Final = ChannelEvent(channel=ChannelId("arena"), event=3)
BEGIN: Final = datetime(2026, 11, 21, 10, 15, tzinfo=UTC)
SECRET: Final = b"one secret for all processes"
SETTINGS: Final = SessionSettings(shards=4)


def played(seconds: float, *, seq: int, paused: bool = False, end: bool = False, position: float | None = None) -> News:
    """A report: so much was played, and the picture stands there."""
    at = seconds if position is None else position
    return News(
        counters=Counters(started=True, played_ms=round(seconds * 1000)),
        position=Stamped(seq=seq, value=round(at * 1000)),
        paused=Stamped(seq=seq, value=int(paused)),
        last_seq=seq,
        end_seq=seq if end else 0,
    )


@dataclass
class Channel:
    """Everything about sessions in one API process, and what time it is."""

    cache: Cache
    ledger: Ledger
    settings: SessionSettings = SETTINGS
    now: datetime = BEGIN
    sessions: Sessions = field(init=False)
    rollup: Rollup = field(init=False)

    def __post_init__(self) -> None:
        self.sessions = self.another_process()
        self.rollup = Rollup(cache=self.cache, ledger=self.ledger, settings=self.settings)

    def another_process(self) -> Sessions:
        return Sessions(cache=self.cache, ledger=self.ledger, settings=self.settings, identity=Identity(SECRET))

    def after(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    async def open(
        self, *, viewer: str | None = None, visitor: str = "somebody", duration_s: float | None = 600.0,
        asset: Subject = ASSET, attempt: str | None = None, scope: str = "player",
    ) -> Opened:  # fmt: skip
        return await self.sessions.open(
            asset, duration_ms=None if duration_s is None else round(duration_s * 1000), viewer=viewer, scope=scope,
            visitor=viewer or visitor, attempt=attempt, now=self.now,
        )  # fmt: skip

    async def hear(self, session: str, news: News) -> Heard:
        return await self.sessions.hear(session, news, now=self.now)

    async def audience(self, asset: Subject = ASSET) -> Audience:
        return await self.sessions.audience(asset, now=self.now)

    async def settle(self) -> int:
        """A round of the rollup, late enough for all that happened until now."""
        return await self.rollup.once(now=self.now + self.settings.settle)


@pytest.fixture
async def channel(cache: Cache, sql_engine: AsyncEngine) -> Channel:
    """On every SQL engine that is at hand."""
    async with sql_engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    return Channel(cache, Ledger(sql_engine))


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(f"sqlite:///{tmp_path / 'sessions.db'}")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield engine
    await engine.dispose()


@pytest.fixture
def ledger(sqlite: AsyncEngine) -> Ledger:
    return Ledger(sqlite)


@pytest.fixture
async def plain(cache: Cache, ledger: Ledger) -> Channel:
    """On SQLite alone: for what does not depend on the SQL engine."""
    return Channel(cache, ledger)
