"""Timelines: SQL says what was said, Redis where it stands in the playlists, and every API process reads it there.

A tag is written into SQL first, under a lock of its channel, so that two who speak of one mark at once hear of each
other. Then it is told to Redis. Whoever is killed in between leaves a tag without a place: the next one who adds
something tells it too, or the live process when it looks after its events.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, insert, or_, select, update

from infra.errors import CacheUnavailable, DatabaseUnavailable
from infra.sql import reading, transaction
from manifests.errors import LiveError
from manifests.hls import date_range
from manifests.layout import ChannelId
from manifests.live import timeline
from manifests.live.timeline import Entry, Timeline
from streaming.clock import utc_now
from streaming.live.channels.errors import ChannelNotFound
from streaming.live.channels.model import RUNNING, ChannelState
from streaming.live.channels.tables import channels
from streaming.live.timeline.board import Place, TimelineBoard, Told, Untold, parsed
from streaming.live.timeline.errors import MarkContradicted, MarkExists, MarkNotFound, NoEventRuns, TimelineFull
from streaming.live.timeline.model import Mark, Source, in_ms, lasting, mark_of, tag_of
from streaming.live.timeline.tables import timeline_tags

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from infra.ports import Cache
    from manifests.hls import DateRange
    from streaming.clock import Clock
    from streaming.live.channels.model import Channel

log: Final = logging.getLogger("channel.live")

MOST: Final = 1000
"""Tags in the playlists of an event at most: so many cost a delta update 10 ms."""

_SPARE: Final = timedelta(hours=1)
"""Tags stay in Redis so much longer than in the playlists."""
_KEPT: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A mark, and who made it, when, in which event of its channel."""

    mark: Mark
    event: int
    source: Source
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    """The event that runs; `begun`: somebody has published."""

    channel: ChannelId
    number: int
    dvr: timedelta
    begun: bool

    @property
    def kept(self) -> timedelta:
        return self.dvr + _KEPT


class Timelines:
    """`classes`: what CLASS begins with, in reverse DNS. Raises DatabaseUnavailable from every method."""

    def __init__(self, *, sql: AsyncEngine, cache: Cache, classes: str, clock: Clock = utc_now) -> None:
        self._sql, self._board, self._classes, self._clock = sql, TimelineBoard(cache), classes, clock

    async def add(
        self, channel: ChannelId, mark: Mark, *, by: str, source: Source = Source.EDITOR,
        splice: DateRange | None = None, dated: bool = True,
    ) -> tuple[Kept, bool]:  # fmt: skip
        """A new mark; False: it was there already, just so. Not `dated`: its beginning was not asked for.

        `splice`: a tag whose SCTE-35 attributes go into that of the mark.
        Raises ChannelNotFound, NoEventRuns, MarkExists, TimelineFull.
        """
        async with transaction(self._sql) as connection:
            event = await self._event(connection, channel)
            rows = await self._rows(connection, channel, mark.id)
            if rows:
                there = _kept(rows)
                same = replace(mark, at=mark.at if dated else there.mark.at) == mark_of(parsed(rows[0].tag))
                if there.event != event.number or not same:
                    raise MarkExists
                return there, False
            tag = tag_of(mark, self._classes)
            if splice is not None:
                tag = replace(
                    tag, scte35_cmd=splice.scte35_cmd, scte35_out=splice.scte35_out, scte35_in=splice.scte35_in
                )  # fmt: skip
            made = await self._append(connection, event, tag, source=source, by=by, ends_at=mark.ends_at)
        await self._tell(event, made)
        return Kept(mark=mark, event=event.number, source=source, created_by=by, created_at=self._clock()), True

    async def say(self, channel: ChannelId, mark_id: str, more: DateRange, *, by: str, ended: bool = False) -> Kept:
        """Say more of a mark of the event that runs; `ended`: it ends now. What says nothing new changes nothing.

        Raises ChannelNotFound, NoEventRuns, MarkNotFound, MarkContradicted, TimelineFull.
        """
        async with transaction(self._sql) as connection:
            event = await self._event(connection, channel)
            rows = await self._rows(connection, channel, mark_id)
            if not rows or rows[0].event != event.number:
                raise MarkNotFound
            there, tags = _kept(rows), tuple(parsed(row.tag) for row in rows)
            (known,) = date_range.consolidate(tags)
            duration = self._until_now(known) if ended else more.duration
            said = Timeline(entries=tuple(Entry(tag=tag, added_ms=0) for tag in tags))
            # Each tag says when its range is: who has forgotten the others still knows when it is over.
            tag = replace(
                more, id=mark_id, class_=known.class_, start=known.start,
                duration=known.duration if duration is None else duration,
            )  # fmt: skip
            try:
                (together,) = date_range.consolidate(timeline.add(said, tag, now_ms=0).tags())
            except LiveError as exc:
                raise MarkContradicted from exc
            if together == known:
                return there
            made = await self._append(
                connection, event, tag, source=there.source, by=by, ends_at=mark_of(together).ends_at
            )  # fmt: skip
        await self._tell(event, made)
        return replace(there, mark=mark_of(together))

    async def list(self, channel: ChannelId, event: int) -> Sequence[Kept]:
        """The marks of an event, by where they begin."""
        mine = (timeline_tags.c.channel == channel, timeline_tags.c.event == event)
        async with reading(self._sql) as connection:
            rows = await connection.execute(select(timeline_tags).where(*mine).order_by(timeline_tags.c.number))
        found: dict[str, list[Row[Any]]] = {}
        for row in rows:
            found.setdefault(row.mark, []).append(row)
        return sorted(map(_kept, found.values()), key=lambda kept: (kept.mark.at, kept.mark.id))

    async def tend(self, channel: Channel) -> None:
        """Bring Redis to what SQL says of a channel's event that runs: what it lacks is told, what is long over goes.

        Raises CacheUnavailable.
        """
        event = _Event(
            channel=channel.id, number=channel.event, dvr=channel.dvr, begun=channel.state is not ChannelState.WAITING
        )  # fmt: skip
        async with reading(self._sql) as connection:
            rows = await connection.execute(self._present(event, timeline_tags.c.number, timeline_tags.c.msn))
        there = {row.number: row.msn for row in rows}
        missing = await self._board.trim(event.channel, event.number, there, kept=event.kept)
        if wanted := missing | {number for number, msn in there.items() if msn is None}:
            query = self._present(event, timeline_tags).where(timeline_tags.c.number.in_(wanted))
            async with reading(self._sql) as connection:
                found = list(await connection.execute(query))
            await self._place(event, found)

    async def placed(self, channel: ChannelId, event: int) -> Sequence[Told]:
        """The tags of an event that had a place in its playlists, in the order in which they were added. Raises
        DatabaseUnavailable."""
        query = select(timeline_tags).where(
            timeline_tags.c.channel == channel, timeline_tags.c.event == event, timeline_tags.c.msn.is_not(None)
        )
        async with reading(self._sql) as connection:
            rows = await connection.execute(query.order_by(timeline_tags.c.number))
        return [
            Told(number=row.number, tag=row.tag, added_ms=row.added_ms, position=(row.msn, row.part)) for row in rows
        ]

    # --- in SQL ---

    async def _event(self, connection: AsyncConnection, channel: ChannelId) -> _Event:
        """The event that runs; nobody else adds anything to its timeline meanwhile."""
        columns = (channels.c.state, channels.c.event, channels.c.dvr_s)
        row = None
        if "\0" not in channel:
            query = select(*columns).where(channels.c.id == channel).with_for_update()
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise ChannelNotFound
        if ChannelState(row.state) not in RUNNING:
            raise NoEventRuns
        return _Event(
            channel=channel, number=row.event, dvr=timedelta(seconds=row.dvr_s),
            begun=ChannelState(row.state) is not ChannelState.WAITING,
        )  # fmt: skip

    async def _rows(self, connection: AsyncConnection, channel: ChannelId, mark_id: str) -> Sequence[Row[Any]]:
        mine = (timeline_tags.c.channel == channel, timeline_tags.c.mark == mark_id)
        query = select(timeline_tags).where(*mine).order_by(timeline_tags.c.event, timeline_tags.c.number)
        return (await connection.execute(query)).all() if "\0" not in mark_id else ()

    async def _append(
        self, connection: AsyncConnection, event: _Event, tag: DateRange, *, source: Source, by: str,
        ends_at: datetime | None,
    ) -> Sequence[Row[Any]]:  # fmt: skip
        """All tags that have no place yet: this one, and those of whoever was killed."""
        of_event = (timeline_tags.c.channel == event.channel, timeline_tags.c.event == event.number)
        present = self._present(event, func.count(timeline_tags.c.number))
        if (await connection.execute(present)).scalar_one() >= MOST:
            raise TimelineFull
        latest = (await connection.execute(select(func.max(timeline_tags.c.number)).where(*of_event))).scalar()
        await connection.execute(
            insert(timeline_tags).values(
                channel=event.channel, event=event.number, number=(latest or 0) + 1, mark=tag.id, tag=tag.render(),
                source=source.value, created_by=by, created_at=self._clock(), ends_at=ends_at,
            )
        )  # fmt: skip
        same = update(timeline_tags).where(*of_event, timeline_tags.c.mark == tag.id)
        await connection.execute(same.values(ends_at=ends_at))
        untold = select(timeline_tags).where(*of_event, timeline_tags.c.msn.is_(None))
        return (await connection.execute(untold.order_by(timeline_tags.c.number))).all()

    def _present(self, event: _Event, *columns: Any) -> Any:
        """What may still be in a playlist, and a while longer."""
        over = self._clock() - event.dvr - _SPARE
        return (
            select(*columns)
            .where(timeline_tags.c.channel == event.channel, timeline_tags.c.event == event.number)
            .where(or_(timeline_tags.c.ends_at.is_(None), timeline_tags.c.ends_at > over))
        )

    # --- in Redis ---

    async def _tell(self, event: _Event, rows: Sequence[Row[Any]]) -> None:
        """What cannot be told now is told later: it is in SQL."""
        try:
            await self._place(event, rows)
        except CacheUnavailable as exc:
            log.warning("a mark waits for Redis", extra={"channel": event.channel, "cause": str(exc)})

    async def _place(self, event: _Event, rows: Sequence[Row[Any]]) -> None:
        """Raises CacheUnavailable."""
        tags = sorted((_untold(row) for row in rows), key=lambda tag: tag.number)
        told = await self._board.tell(event.channel, event.number, tags, kept=event.kept, begun=event.begun)
        with suppress(DatabaseUnavailable):
            async with transaction(self._sql) as connection:
                for each in told:
                    msn, part = each.position
                    mine = (timeline_tags.c.channel == event.channel, timeline_tags.c.event == event.number)
                    this = update(timeline_tags).where(*mine, timeline_tags.c.number == each.number)
                    await connection.execute(this.values(added_ms=each.added_ms, msn=msn, part=part))

    def _until_now(self, known: DateRange) -> Fraction | None:
        """None: it has ended already."""
        now, mark = in_ms(self._clock()), mark_of(known)
        if mark.ends_at is not None and mark.ends_at <= now:
            return None
        return lasting(mark.at, max(now, mark.at))


def _kept(rows: Sequence[Row[Any]]) -> Kept:
    """The tags of one mark, put together."""
    (found,) = date_range.consolidate(parsed(row.tag) for row in rows)
    first = rows[0]
    return Kept(
        mark=mark_of(found), event=first.event, source=Source(first.source), created_by=first.created_by,
        created_at=first.created_at,
    )  # fmt: skip


def _untold(row: Row[Any]) -> Untold:
    place = None if row.msn is None else Place(added_ms=row.added_ms, position=(row.msn, row.part))
    return Untold(number=row.number, tag=row.tag, place=place)
