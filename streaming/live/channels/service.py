"""Channels in SQL: made, started, stopped, deleted; and where the life of their events is written down."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from sqlalchemy import and_, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from infra.errors import CacheUnavailable
from infra.sql import reading, transaction
from manifests import layout
from manifests.layout import AssetId, ChannelId
from streaming.catalog.model import EditorialState
from streaming.catalog.tables import assets
from streaming.clock import utc_now
from streaming.live.channels.errors import ChannelBusy, ChannelExists, ChannelNotFound
from streaming.live.channels.model import DVR, RUNNING, Channel, ChannelState, ended, new_channel_id, started
from streaming.live.channels.tables import channels
from streaming.live.recordings.events import LiveEvents, last_number, note
from streaming.live.recordings.sweep import sweep_event
from streaming.live.recordings.tables import live_events
from streaming.live.schedule import due
from transcoder.live import board

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from infra.ports import Cache, ObjectStore
    from streaming.clock import Clock

_QUERY: Final = (
    select(channels, assets.c.id.label("recording"), assets.c.editorial)
    .outerjoin(live_events, and_(live_events.c.channel == channels.c.id, live_events.c.event == channels.c.event))
    .outerjoin(assets, and_(assets.c.id == live_events.c.asset, assets.c.deleted_at.is_(None)))
)

Schedule: TypeAlias = "tuple[datetime | None, datetime | None]"
"""When an event begins and ends by itself; None: not by itself."""

CHANGED: Final = "channel:live:channels"
"""The wake-up for whoever runs channels: its message is the id of one that was started, stopped or deleted."""


def _channel_of(row: Row[Any]) -> Channel:
    return Channel(
        id=ChannelId(row.id), title=row.title, state=ChannelState(row.state), event=row.event, profile=row.profile,
        latency=row.latency, dvr=timedelta(seconds=row.dvr_s), public=row.public, trouble=row.trouble,
        created_by=row.created_by, created_at=row.created_at, started_at=row.started_at, ended_at=row.ended_at,
        starts_at=row.starts_at, ends_at=row.ends_at, record=row.record,
        recording=None if row.recording is None else AssetId(row.recording),
        published=row.editorial == EditorialState.PUBLISHED, slate=row.slate,
    )  # fmt: skip


def _row_of(channel: Channel) -> dict[str, Any]:
    return {
        "id": channel.id, "title": channel.title, "state": channel.state.value, "event": channel.event,
        "profile": channel.profile, "latency": channel.latency, "dvr_s": int(channel.dvr.total_seconds()),
        "public": channel.public, "trouble": channel.trouble, "created_by": channel.created_by,
        "created_at": channel.created_at, "started_at": channel.started_at, "ended_at": channel.ended_at,
        "starts_at": channel.starts_at, "ends_at": channel.ends_at, "record": channel.record,
        "slate": channel.slate,
    }  # fmt: skip


class Channels:
    """Raises DatabaseUnavailable from every method."""

    def __init__(self, *, sql: AsyncEngine, cache: Cache, clock: Clock = utc_now) -> None:
        self._sql, self._cache, self._clock = sql, cache, clock

    async def create(
        self, *, title: str, channel_id: str = "", profile: str = "", latency: str = "low", dvr: timedelta = DVR,
        public: bool = True, starts_at: datetime | None = None, ends_at: datetime | None = None,
        record: bool = True, created_by: str,
    ) -> Channel:  # fmt: skip
        """Raises ChannelExists."""
        made = Channel(
            id=ChannelId(channel_id) if channel_id else new_channel_id(), title=title, state=ChannelState.IDLE,
            event=0, profile=profile, latency=latency, dvr=dvr, public=public, trouble="", created_by=created_by,
            created_at=self._clock(), started_at=None, ended_at=None, starts_at=starts_at,
            ends_at=ends_at, record=record,
        )  # fmt: skip
        try:
            async with transaction(self._sql) as connection:
                await connection.execute(insert(channels).values(**_row_of(made)))
        except IntegrityError as exc:
            raise ChannelExists from exc
        return made

    async def list(self) -> Sequence[Channel]:
        """All of them, newest first."""
        async with reading(self._sql) as connection:
            rows = await connection.execute(_QUERY.order_by(channels.c.created_at.desc(), channels.c.id))
            return [_channel_of(row) for row in rows]

    async def get(self, channel_id: ChannelId) -> Channel:
        """Raises ChannelNotFound."""
        async with reading(self._sql) as connection:
            return await self._read(connection, channel_id)

    async def start(self, channel_id: ChannelId) -> Channel:
        """Begin an event; starting what runs is no error. Raises ChannelNotFound."""
        async with transaction(self._sql) as connection:
            found = await self._read(connection, channel_id, lock=True)
            if found.state in RUNNING:
                return found
            made = await self._turn(connection, found, started(found, self._clock()))
        await self._tell(channel_id)
        return made

    async def stop(self, channel_id: ChannelId) -> Channel:
        """End the event; stopping what does not run is no error. Raises ChannelNotFound."""
        async with transaction(self._sql) as connection:
            found = await self._read(connection, channel_id, lock=True)
            if found.state not in RUNNING:
                return found
            made = await self._turn(connection, found, ended(found, self._clock()))
        await self._tell(channel_id)
        return made

    async def keep_schedule(self) -> Sequence[Channel]:
        """Begin and end what is due; those that changed."""
        now = self._clock()
        query = select(channels.c.id).where(or_(channels.c.starts_at <= now, channels.c.ends_at <= now))
        async with reading(self._sql) as connection:
            names = [ChannelId(name) for name in (await connection.execute(query)).scalars()]
        changed = []
        for name in names:
            async with transaction(self._sql) as connection:
                try:
                    found = await self._read(connection, name, lock=True)
                except ChannelNotFound:
                    continue
                made = await self._turn(connection, found, due(found, now))
            if made != found:
                changed.append(made)
                await self._tell(name)
        return changed

    async def change(
        self, channel_id: ChannelId, *, title: str | None = None, public: bool | None = None,
        dvr: timedelta | None = None, profile: str | None = None, latency: str | None = None,
        record: bool | None = None, schedule: Callable[[Channel], Schedule] | None = None,
    ) -> Channel:  # fmt: skip
        """What an event is made of (`profile`, `latency`) changes between events alone; `record` is what the next one
        goes by; `schedule` says when an event begins and ends by itself, by what is there. All of it or nothing.

        Raises ChannelNotFound, ChannelBusy, and what `schedule` raises.
        """
        wanted: dict[str, Any] = {
            "title": title, "public": public, "dvr": dvr, "profile": profile, "latency": latency,
            "record": record,
        }  # fmt: skip
        async with transaction(self._sql) as connection:
            found = await self._read(connection, channel_id, lock=True)
            if (profile is not None or latency is not None) and found.state in RUNNING:
                raise ChannelBusy("Stop the channel first: an event keeps the ladder and the parts it began with.")
            made = replace(found, **{name: value for name, value in wanted.items() if value is not None})
            if schedule is not None:
                starts_at, ends_at = schedule(found)
                made = replace(made, starts_at=starts_at, ends_at=ends_at)
            await self._write(connection, made)
        await self._tell(channel_id)
        return made

    async def show_slate(self, channel_id: ChannelId, name: str) -> Channel:
        """Name the channel's own slate, whose picture is in the bucket; "": it has none. The channel as it was before.
        Raises ChannelNotFound."""
        async with transaction(self._sql) as connection:
            found = await self._read(connection, channel_id, lock=True)
            await self._write(connection, replace(found, slate=name))
        await self._tell(channel_id)
        return found

    async def delete(self, channel_id: ChannelId, *, store: ObjectStore) -> None:
        """With its keys and all that was shown on it, but what a recording or a clip needs.

        Raises ChannelNotFound, ChannelBusy while an event runs; ObjectStoreError, CacheUnavailable.
        """
        if (await self.get(channel_id)).state in RUNNING:
            raise ChannelBusy("Stop the channel first.")
        await self._cache.delete(board.event_key(channel_id))
        await self._cache.publish(board.wake_up(channel_id), board.GONE)
        async with transaction(self._sql) as connection:
            found = await self._read(connection, channel_id, lock=True)
            if found.state in RUNNING:
                raise ChannelBusy("Stop the channel first.")
            await connection.execute(delete(channels).where(channels.c.id == channel_id))
        await store.delete([stat.key async for stat in store.list(layout.slates(channel_id))])
        # Who makes a clip looks at the channel once its hold stands. The keeper comes by later, for something may still
        # be on its way into the bucket.
        for event in await LiveEvents(self._sql).of(channel_id):
            if event.is_settled:
                await sweep_event(store, channel_id, event.number)
        await self._tell(channel_id)

    async def step(self, channel_id: ChannelId, event: int, state: ChannelState, *, trouble: str = "") -> None:
        """What happens to event number `event`, by whoever runs it; a state that may not come next is not written."""
        async with transaction(self._sql) as connection:
            try:
                found = await self._read(connection, channel_id, lock=True)
            except ChannelNotFound:
                return
            if found.event != event or found.state not in RUNNING:
                return
            allowed = state if state in found.state.following else found.state
            if (found.state, found.trouble) != (allowed, trouble):
                await self._write(connection, replace(found, state=allowed, trouble=trouble))

    async def _read(self, connection: AsyncConnection, channel_id: ChannelId, *, lock: bool = False) -> Channel:
        query = _QUERY.where(channels.c.id == channel_id)
        row = None
        if "\0" not in channel_id:
            row = (await connection.execute(query.with_for_update(of=channels) if lock else query)).one_or_none()
        if row is None:
            raise ChannelNotFound
        return _channel_of(row)

    async def _write(self, connection: AsyncConnection, channel: Channel) -> None:
        await connection.execute(update(channels).where(channels.c.id == channel.id).values(**_row_of(channel)))

    async def _turn(self, connection: AsyncConnection, before: Channel, after: Channel) -> Channel:
        """Write a channel whose event begins or ends."""
        if after.event != before.event:
            after = replace(after, event=max(after.event, await last_number(connection, after.id) + 1))
        await note(connection, before, after, at=self._clock())
        await self._write(connection, after)
        return after

    async def _tell(self, channel_id: ChannelId) -> None:
        try:
            await self._cache.publish(CHANGED, channel_id.encode())
        except CacheUnavailable:
            return  # whoever runs channels looks for himself before long
