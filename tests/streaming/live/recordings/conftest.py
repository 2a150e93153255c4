from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.memory import MemoryCache, MemoryEngine, MemoryStore
from infra.sql import metadata, open_engine
from streaming.catalog.service import Catalogue
from streaming.live.channels.service import Channels
from streaming.live.recordings.events import LiveEvents
from streaming.live.recordings.keeper import RecordingKeeper
from streaming.live.recordings.recorder import Recorder
from streaming.profiles.folder import ProfileFolder
from tests.transcoder.live.recording.taped import CHANNEL, FIRST, Tape, tape
from transcoder.encryption.key_store import KeyStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from streaming.live.channels.model import Channel


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
async def event(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> Tape:
    """Three segments, the last one short."""
    return await tape(tmp_path_factory.mktemp("event"), frames=110)


@dataclass
class Hall:
    """A channel, what keeps its recordings, and a clock that stands still."""

    sql: AsyncEngine
    profiles: ProfileFolder
    store: MemoryStore = field(default_factory=MemoryStore)
    cache: MemoryCache = field(default_factory=MemoryCache)
    jobs: MemoryEngine = field(default_factory=MemoryEngine)
    now: datetime = field(default_factory=lambda: datetime.fromtimestamp(FIRST * 1.92, UTC))

    def __post_init__(self) -> None:
        self.catalogue = Catalogue(sql=self.sql, cache=self.cache, jobs=self.jobs, clock=self.clock)
        self.channels = Channels(sql=self.sql, cache=self.cache, clock=self.clock)
        self.events = LiveEvents(self.sql)
        self.keeper = self.keeper_of(self.store)

    def clock(self) -> datetime:
        return self.now

    def keeper_of(self, store: MemoryStore) -> RecordingKeeper:
        recorder = Recorder(
            catalogue=self.catalogue, store=store, profiles=self.profiles, keys=KeyStore(store)
        )  # fmt: skip
        return RecordingKeeper(
            events=self.events, recorder=recorder, store=store, cache=self.cache, clock=self.clock
        )  # fmt: skip

    async def begin(self, *, record: bool = True, profile: str = "") -> Channel:
        await self.channels.create(
            title="Arena", channel_id=CHANNEL, record=record, profile=profile, dvr=timedelta(minutes=1), created_by="me"
        )
        return await self.channels.start(CHANNEL)

    async def keys(self, prefix: str = "") -> list[str]:
        return [stat.key async for stat in self.store.list(prefix)]


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    engine = open_engine(f"sqlite:///{tmp_path / 'test.db'}")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    (tmp_path / "profiles").mkdir()
    yield Hall(sql=engine, profiles=ProfileFolder(tmp_path / "profiles"))
    await engine.dispose()
