"""Stream keys in SQL: made, rotated, looked up, revoked."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from infra.errors import DatabaseUnavailable
from infra.sql import reading, transaction
from streaming.clock import utc_now
from streaming.live.ingest.publisher import Place
from streaming.live.keys.errors import StreamKeyNotFound
from streaming.live.keys.model import NewStreamKey, StreamKey, is_secret_of, new_key_id, new_secret
from streaming.live.keys.tables import stream_keys
from streaming.secret_hash import hashed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from streaming.clock import Clock

_TRIES: Final = 5
_LONGEST: Final = 256
"""Characters of anything that is looked up as a key: ours are far shorter."""

NO_GRACE: Final = timedelta()


def _key_of(row: Row[Any]) -> StreamKey:
    return StreamKey(
        id=row.id, channel=row.channel, place=Place(row.place), created_by=row.created_by,
        created_at=row.created_at, expires_at=row.expires_at, revoked_at=row.revoked_at, srt_port=row.srt_port,
    )  # fmt: skip


class StreamKeys:
    """Raises DatabaseUnavailable from every method."""

    def __init__(self, *, sql: AsyncEngine, clock: Clock = utc_now, srt_ports: range = range(0)) -> None:
        self._sql = sql
        self._clock = clock
        self._srt_ports = srt_ports

    async def make(self, channel: str, place: Place, *, created_by: str, grace: timedelta = NO_GRACE) -> NewStreamKey:
        """A new key for a place of a channel; its secret is in the answer and nowhere else.

        The place's earlier keys open for `grace` longer, so that an encoder far away can be given the new one in time.
        """
        now = self._clock()
        secret = new_secret()
        ends = now + grace
        earlier = update(stream_keys).where(
            stream_keys.c.channel == channel,
            stream_keys.c.place == place.value,
            or_(stream_keys.c.expires_at.is_(None), stream_keys.c.expires_at > ends),
        )
        for _ in range(_TRIES):
            with suppress(IntegrityError):  # somebody took the port at the same moment
                async with transaction(self._sql) as connection:
                    await connection.execute(earlier.values(expires_at=ends))
                    key = StreamKey(
                        id=new_key_id(), channel=channel, place=place, created_by=created_by, created_at=now,
                        expires_at=None, revoked_at=None, srt_port=await self._free_port(connection, now),
                    )  # fmt: skip
                    values = asdict(key) | {"hash": hashed(secret), "place": place.value}
                    await connection.execute(insert(stream_keys).values(values))
                return NewStreamKey(key=key, secret=secret)
        raise DatabaseUnavailable("the keys of many channels are made at once")

    async def _free_port(self, connection: AsyncConnection, now: datetime) -> int | None:
        over = or_(stream_keys.c.revoked_at.is_not(None), stream_keys.c.expires_at <= now)
        await connection.execute(update(stream_keys).where(over).values(srt_port=None))
        rows = await connection.execute(select(stream_keys.c.srt_port).where(stream_keys.c.srt_port.is_not(None)))
        taken = set(rows.scalars())
        return next((port for port in self._srt_ports if port not in taken), None)

    async def list(self, channel: str) -> Sequence[StreamKey]:
        """All keys of a channel, newest first, those that open nothing any more too."""
        query = select(stream_keys).where(stream_keys.c.channel == channel)
        async with reading(self._sql) as connection:
            rows = await connection.execute(query.order_by(stream_keys.c.created_at.desc(), stream_keys.c.id))
            return [_key_of(row) for row in rows]

    async def revoke(self, channel: str, key_id: str) -> None:
        """From now on it opens nothing, and who publishes with it is put out; doing it again is no error.

        Raises StreamKeyNotFound.
        """
        if "\0" in key_id:
            raise StreamKeyNotFound
        mine = (stream_keys.c.id == key_id, stream_keys.c.channel == channel)
        async with transaction(self._sql) as connection:
            row = (await connection.execute(select(stream_keys).where(*mine).with_for_update())).one_or_none()
            if row is None:
                raise StreamKeyNotFound
            if row.revoked_at is None:
                await connection.execute(update(stream_keys).where(*mine).values(revoked_at=self._clock()))

    async def find(self, secret: str) -> StreamKey | None:
        """The key that has this secret, if somebody may begin to publish with it now."""
        if not 0 < len(secret) <= _LONGEST:
            return None
        async with reading(self._sql) as connection:
            query = select(stream_keys).where(stream_keys.c.hash == hashed(secret))
            row = (await connection.execute(query)).one_or_none()
        if row is None or not is_secret_of(secret, row.hash):
            return None
        key = _key_of(row)
        return key if key.valid(self._clock()) else None

    async def newest(self, channel: str, place: Place) -> StreamKey | None:
        """The place's valid key; of several, during a rotation, the newest."""
        now = self._clock()
        return next((key for key in await self.list(channel) if key.place is place and key.valid(now)), None)

    async def listened(self, channels: Sequence[str]) -> Sequence[StreamKey]:
        """The keys of these channels that SRT is to be listened to for."""
        now = self._clock()
        query = select(stream_keys).where(stream_keys.c.channel.in_(channels), stream_keys.c.srt_port.is_not(None))
        async with reading(self._sql) as connection:
            keys = [_key_of(row) for row in await connection.execute(query.order_by(stream_keys.c.srt_port))]
        return [key for key in keys if key.valid(now)]

    async def is_revoked(self, key_id: str) -> bool:
        """Whether who publishes with this key is to be put out."""
        async with reading(self._sql) as connection:
            query = select(stream_keys.c.revoked_at).where(stream_keys.c.id == key_id)
            row = (await connection.execute(query)).one_or_none()
        return row is None or row.revoked_at is not None
