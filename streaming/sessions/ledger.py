"""The ledger of sessions in SQL: exactly once, however often it is told."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from infra.sql import reading, transaction
from streaming.sessions.model import State
from streaming.sessions.subject import ChannelEvent, name_of
from streaming.sessions.tables import resume_positions, session_ledger, session_rollup
from streaming.sessions.tally import MEASURES, Snapshot, Tally, grown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Table
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from manifests.layout import AssetId
    from streaming.sessions.subject import Subject

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OF_HOUR = ("asset", "channel", "event", "hour")


def moment(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)


def milliseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)


def hour_of(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What the ledger holds of one session, and how it stood when it was last told of."""

    tally: Tally
    state: State
    seen_ms: int


class Ledger:
    """Reads and writes `session_ledger`, `session_rollup` and `resume_positions`. Raises DatabaseUnavailable."""

    def __init__(self, sql: AsyncEngine) -> None:
        self._sql = sql

    async def record(self, snapshots: Sequence[Snapshot], *, now: datetime) -> dict[str, Tally]:
        """Enter what the sessions have gained, add it to the rollup and keep the resume positions, in one transaction.

        Returns what the ledger then holds of each session. A snapshot that was entered before changes nothing.
        Raises IntegrityError if another process enters the same sessions at this moment: then nothing is entered.
        """
        async with transaction(self._sql) as connection:
            before = await self._held(connection, [snapshot.session for snapshot in snapshots])
            held: dict[str, Tally] = {}
            entries: list[dict[str, Any]] = []
            gains: defaultdict[tuple[Subject, datetime], Tally] = defaultdict(Tally)
            for snapshot in snapshots:
                tally, entry, revision = before.get(snapshot.session, (Tally(), 0, 0))
                if snapshot.revision <= revision:
                    held[snapshot.session] = tally
                    continue
                held[snapshot.session] = grown(tally, snapshot)
                gain = held[snapshot.session] - tally
                hour = hour_of(moment(snapshot.begun_ms))
                gains[snapshot.subject, hour] += gain
                entries.append(_entry(snapshot, gain, entry=entry + 1, hour=hour, now=now))
            if entries:
                await connection.execute(session_ledger.insert(), entries)
                await self._add(connection, gains)
            await self._keep_positions(connection, snapshots)
        return held

    async def recorded(self, session: str) -> Recorded | None:
        """What is known of a session; None if it was never entered."""
        columns = [session_ledger.c[name] for name in MEASURES]
        query = (
            select(session_ledger.c.state, session_ledger.c.seen_at, *columns)
            .where(session_ledger.c.session == session)
            .order_by(session_ledger.c.entry)
        )
        async with reading(self._sql) as connection:
            rows = (await connection.execute(query)).all()
        if not rows:
            return None
        return Recorded(
            tally=sum((Tally(**dict(zip(MEASURES, row[2:], strict=True))) for row in rows), Tally()),
            state=State(rows[-1].state),
            seen_ms=milliseconds(rows[-1].seen_at),
        )

    async def totals(self, subject: Subject) -> tuple[Tally, int]:
        """Sums of all hours, and the highest number of viewers at once."""
        sums = [func.sum(session_rollup.c[name]) for name in MEASURES]
        query = select(*sums, func.max(session_rollup.c.peak)).where(
            *(session_rollup.c[name] == value for name, value in _columns(subject).items())
        )
        async with reading(self._sql) as connection:
            *values, peak = (await connection.execute(query)).one()
        return Tally(**{name: int(value or 0) for name, value in zip(MEASURES, values, strict=True)}), peak or 0

    async def position_ms(self, viewer: str, asset: AssetId) -> int | None:
        """Where a viewer left off; None if that is not known."""
        table = resume_positions
        query = select(table.c.position_ms).where(table.c.viewer == viewer, table.c.asset == asset)
        async with reading(self._sql) as connection:
            return (await connection.execute(query)).scalar_one_or_none()

    async def peaks(self, viewers: Mapping[Subject, int], *, hour: datetime) -> None:
        """Raise the peaks of an hour to these numbers of viewers at once."""
        rows = [
            {**_columns(subject), "hour": hour, "peak": number}
            for subject, number in sorted(viewers.items(), key=lambda item: name_of(item[0]))
        ]
        async with transaction(self._sql) as connection:
            insert = _insert(connection, session_rollup)
            higher = insert.excluded.peak > session_rollup.c.peak
            upsert = insert.on_conflict_do_update(
                index_elements=_OF_HOUR, set_={"peak": insert.excluded.peak}, where=higher
            )
            await connection.execute(upsert, rows)

    async def forget(self, *, positions_before: datetime, entries_before: datetime) -> None:
        """Drop what may not be kept any longer. The rollup, which tells nothing of single viewers, stays."""
        async with transaction(self._sql) as connection:
            await connection.execute(delete(resume_positions).where(resume_positions.c.seen_at < positions_before))
            await connection.execute(delete(session_ledger).where(session_ledger.c.recorded_at < entries_before))

    async def _held(self, connection: AsyncConnection, sessions: Sequence[str]) -> dict[str, tuple[Tally, int, int]]:
        """Of each session that has entries: their sum, how many they are, and the latest revision."""
        table = session_ledger
        sums = [func.sum(table.c[name]) for name in MEASURES]
        query = (
            select(table.c.session, func.max(table.c.entry), func.max(table.c.revision), *sums)
            .where(table.c.session.in_(sessions))
            .group_by(table.c.session)
        )
        return {
            session: (Tally(**{n: int(v) for n, v in zip(MEASURES, values, strict=True)}), entry, revision)
            for session, entry, revision, *values in await connection.execute(query)
        }

    async def _add(self, connection: AsyncConnection, gains: Mapping[tuple[Subject, datetime], Tally]) -> None:
        insert = _insert(connection, session_rollup)
        sums = {name: session_rollup.c[name] + insert.excluded[name] for name in MEASURES}
        upsert = insert.on_conflict_do_update(index_elements=_OF_HOUR, set_=sums)
        # Sorted: transactions that lock the same rows do it in the same order.
        rows = [
            {**_columns(subject), "hour": hour, **asdict(gain)}
            for (subject, hour), gain in sorted(gains.items(), key=_key)
        ]
        await connection.execute(upsert, rows)

    async def _keep_positions(self, connection: AsyncConnection, snapshots: Iterable[Snapshot]) -> None:
        rows = [
            {
                "viewer": snapshot.viewer,
                "asset": snapshot.subject,
                "position_ms": snapshot.position_ms,
                "seen_at": moment(snapshot.seen_ms),
            }
            for snapshot in sorted(snapshots, key=lambda each: (each.viewer, name_of(each.subject)))
            if snapshot.viewer and snapshot.counters.started and not isinstance(snapshot.subject, ChannelEvent)
        ]
        if rows:
            insert = _insert(connection, resume_positions)
            upsert = insert.on_conflict_do_update(
                index_elements=["viewer", "asset"],
                set_={"position_ms": insert.excluded.position_ms, "seen_at": insert.excluded.seen_at},
                where=insert.excluded.seen_at >= resume_positions.c.seen_at,
            )
            await connection.execute(upsert, rows)


def _key(item: tuple[tuple[Subject, datetime], Tally]) -> tuple[str, datetime]:
    (subject, hour), _ = item
    return name_of(subject), hour


def _columns(subject: Subject) -> dict[str, str | int]:
    """What rows say of a subject: an asset, or channel and event."""
    if isinstance(subject, ChannelEvent):
        return {"asset": "", "channel": subject.channel, "event": subject.event}
    return {"asset": subject, "channel": "", "event": 0}


def _insert(connection: AsyncConnection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT with ON CONFLICT, which both engines have and the common language lacks."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def _entry(snapshot: Snapshot, gain: Tally, *, entry: int, hour: datetime, now: datetime) -> dict[str, Any]:
    return {
        "session": snapshot.session,
        "entry": entry,
        "revision": snapshot.revision,
        **_columns(snapshot.subject),
        "hour": hour,
        "device": snapshot.device,
        "state": snapshot.state.value,
        "seen_at": moment(snapshot.seen_ms),
        "recorded_at": now,
        **asdict(gain),
    }
