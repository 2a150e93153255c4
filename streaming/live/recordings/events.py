"""Events in SQL: begun and ended in the transaction that says so of their channel; recorded, and forgotten, later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update

from infra.sql import reading, transaction
from manifests.layout import AssetId, ChannelId
from streaming.catalog.model import new_asset_id
from streaming.live.channels.model import RUNNING
from streaming.live.channels.tables import channels
from streaming.live.recordings.tables import live_events

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row, Select
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from streaming.live.channels.model import Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Event number `number` of a channel, which may be gone. `wanted`: it is to be recorded. `asset` is the id of its
    recording; `parts`: how many assets it became (0: there was nothing to record), None: it is not settled yet;
    `missing_s`: seconds of it that are in none of them.

    `shown`: the channel has begun no other event; `dvr`: how far back its viewers may go. Both are nothing without it.
    `followed_at`: when another one began.
    """

    channel: ChannelId
    number: int
    title: str
    profile: str
    created_by: str
    begun_at: datetime
    over_at: datetime | None
    wanted: bool
    asset: AssetId
    parts: int | None
    missing_s: float | None
    shown: bool
    followed_at: datetime | None
    dvr: timedelta | None

    @property
    def is_settled(self) -> bool:
        return not self.wanted or self.parts is not None

    def assets(self) -> list[AssetId]:
        """Its recordings, in their order."""
        return [self.part(place) for place in range(self.parts or 0)]

    def part(self, place: int) -> AssetId:
        return self.asset if place == 0 else AssetId(f"{self.asset}-{place + 1}")


async def last_number(connection: AsyncConnection, channel: ChannelId) -> int:
    """Of a channel that had this id before, as long as something of its events is kept: numbers are not used again."""
    query = select(func.max(live_events.c.event)).where(live_events.c.channel == channel)
    return (await connection.execute(query)).scalar_one() or 0


async def note(connection: AsyncConnection, before: Channel, after: Channel, *, at: datetime) -> None:
    """Write down what a change of a channel means for its events."""
    if before.state in RUNNING and (after.event, after.state in RUNNING) != (before.event, True):
        mine = (live_events.c.channel == before.id, live_events.c.event == before.event)
        await connection.execute(update(live_events).where(*mine).values(over_at=at))
    if after.event != before.event:
        await connection.execute(
            insert(live_events).values(
                channel=after.id, event=after.event, title=after.title, profile=after.profile,
                created_by=after.created_by, begun_at=at, over_at=None, wanted=after.record, asset=new_asset_id(),
                parts=None, missing_s=None,
            )
        )  # fmt: skip


class LiveEvents:
    """Raises DatabaseUnavailable from every method."""

    def __init__(self, sql: AsyncEngine) -> None:
        self._sql = sql

    async def pending(self) -> Sequence[Event]:
        """Those that are over, and whose recording is not settled."""
        return await self._read(
            _query().where(
                live_events.c.wanted, live_events.c.parts.is_(None), live_events.c.over_at.is_not(None)
            )
        )  # fmt: skip

    async def all(self) -> Sequence[Event]:
        return await self._read(_query())

    async def of(self, channel: ChannelId) -> Sequence[Event]:
        """Of one channel, latest first."""
        return await self._read(
            _query().where(live_events.c.channel == channel).order_by(live_events.c.event.desc())
        )  # fmt: skip

    async def get(self, channel: ChannelId, number: int) -> Event | None:
        found = await self._read(
            _query().where(live_events.c.channel == channel, live_events.c.event == number)
        )  # fmt: skip
        return found[0] if found else None

    async def settled(self, event: Event, *, parts: int, missing_s: float) -> None:
        """It became so many assets, and so many seconds are in none of them."""
        mine = (live_events.c.channel == event.channel, live_events.c.event == event.number)
        async with transaction(self._sql) as connection:
            await connection.execute(update(live_events).where(*mine).values(parts=parts, missing_s=missing_s))

    async def forget(self, event: Event) -> None:
        """Nothing of it is left in the bucket."""
        mine = (live_events.c.channel == event.channel, live_events.c.event == event.number)
        async with transaction(self._sql) as connection:
            await connection.execute(delete(live_events).where(*mine))

    async def _read(self, query: Select[Any]) -> Sequence[Event]:
        async with reading(self._sql) as connection:
            return [_event_of(row) for row in await connection.execute(query)]


def _query() -> Select[Any]:
    later = live_events.alias("later")
    followed_at = (
        select(func.min(later.c.begun_at))
        .where(later.c.channel == live_events.c.channel, later.c.event > live_events.c.event)
        .scalar_subquery()
    )
    return select(
        live_events, channels.c.event.label("current"), channels.c.dvr_s, followed_at.label("followed_at")
    ).outerjoin(channels, channels.c.id == live_events.c.channel)


def _event_of(row: Row[Any]) -> Event:
    return Event(
        channel=ChannelId(row.channel), number=row.event, title=row.title, profile=row.profile,
        created_by=row.created_by, begun_at=row.begun_at, over_at=row.over_at, wanted=row.wanted,
        asset=AssetId(row.asset), parts=row.parts, missing_s=row.missing_s, shown=row.current == row.event,
        followed_at=row.followed_at, dvr=None if row.dvr_s is None else timedelta(seconds=row.dvr_s),
    )  # fmt: skip
