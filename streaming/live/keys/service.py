"""Stream keys in SQL: made, rotated, looked up, revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import insert, or_, select, update

from infra.sql import reading, transaction
from streaming.clock import utc_now
from streaming.live.ingest.publisher import Place
from streaming.live.keys.errors import StreamKeyNotFound
from streaming.live.keys.model import NewStreamKey, StreamKey, hashed, is_secret_of, new_key_id, new_secret
from streaming.live.keys.tables import stream_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncEngine

    from streaming.clock import Clock

_LONGEST: Final = 256
"""Characters of anything that is looked up as a key: ours are far shorter."""

NO_GRACE: Final = timedelta()


def _key_of(row: Row[Any]) -> StreamKey:
    return StreamKey(
        id=row.id, channel=row.channel, place=Place(row.place), created_by=row.created_by,
        created_at=row.created_at, expires_at=row.expires_at, revoked_at=row.revoked_at,
    )  # fmt: skip


class StreamKeys:
    """Raises DatabaseUnavailable from every method."""

    def __init__(self, *, sql: AsyncEngine, clock: Clock = utc_now) -> None:
        self._sql = sql
        self._clock = clock

    async def make(self, channel: str, place: Place, *, created_by: str, grace: timedelta = NO_GRACE) -> NewStreamKey:
        """A new key for a place of a channel; its secret is in the answer and nowhere else.

        The place's earlier keys open for `grace` longer, so that an encoder far away can be given the new one in time.
        """
        now = self._clock()
        secret = new_secret()
        key = StreamKey(
            id=new_key_id(), channel=channel, place=place, created_by=created_by, created_at=now, expires_at=None,
            revoked_at=None,
        )  # fmt: skip
        ends = now + grace
        earlier = update(stream_keys).where(
            stream_keys.c.channel == channel,
            stream_keys.c.place == place.value,
            or_(stream_keys.c.expires_at.is_(None), stream_keys.c.expires_at > ends),
        )
        async with transaction(self._sql) as connection:
            await connection.execute(earlier.values(expires_at=ends))
            await connection.execute(
                insert(stream_keys).values(
                    id=key.id,
                    hash=hashed(secret),
                    channel=channel,
                    place=place.value,
                    created_by=created_by,
                    created_at=now,
                )
            )
        return NewStreamKey(key=key, secret=secret)

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

    async def is_revoked(self, key_id: str) -> bool:
        """Whether who publishes with this key is to be put out."""
        async with reading(self._sql) as connection:
            query = select(stream_keys.c.revoked_at).where(stream_keys.c.id == key_id)
            row = (await connection.execute(query)).one_or_none()
        return row is None or row.revoked_at is not None
