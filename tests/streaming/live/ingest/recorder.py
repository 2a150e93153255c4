"""Feeds that keep what they are given, and keys that are known by heart."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from streaming.live.ingest.errors import FeedClosed, NotTaken
from streaming.live.ingest.publisher import Place, Publisher
from streaming.live.keys.model import StreamKey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


GOOD = "live_good"
BACKUP = "live_backup"


class Keys:
    """Two keys of the channel alpine."""

    def __init__(self) -> None:
        self.looked_up: list[str] = []

    async def find(self, secret: str) -> StreamKey | None:
        self.looked_up.append(secret)
        place = {GOOD: Place.PRIMARY, BACKUP: Place.BACKUP}.get(secret)
        if place is None:
            return None
        return StreamKey(
            id=f"id of {place}", channel="alpine", place=place, created_by="ann",
            created_at=datetime(2026, 2, 6, tzinfo=UTC), expires_at=None, revoked_at=None, srt_port=None,
        )  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Recording:
    """One publication: `body` so far; `closed` ends it from our side, `held` stops taking it."""

    publisher: Publisher
    body: bytearray = field(default_factory=bytearray)
    ended: bool = False
    closed: bool = False
    held: asyncio.Event = field(default_factory=asyncio.Event)

    async def write(self, body: bytes) -> None:
        if self.closed:
            raise FeedClosed
        await self.held.wait()
        self.body += body


class Recorder:
    """Takes any number of publications, unless `is_full`."""

    def __init__(self) -> None:
        self.recordings: list[Recording] = []
        self.is_full = False
        self.is_held = False

    @asynccontextmanager
    async def open(self, publisher: Publisher) -> AsyncIterator[Recording]:
        if self.is_full:
            raise NotTaken("The channel is not running.")
        recording = Recording(publisher=publisher)
        if not self.is_held:
            recording.held.set()
        self.recordings.append(recording)
        try:
            yield recording
        finally:
            recording.ended = True
