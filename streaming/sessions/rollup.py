"""From Redis to SQL: close silent sessions, tell the ledger what is new, keep the peaks.

Sessions that the ledger should hear of are marked in Redis in the same step that changes them. A round reads marked
sessions, enters them in one SQL transaction, and only then takes the marks away. Whatever dies in between, the next
round reads the same marks, and the ledger knows what it has heard: nothing is lost and nothing counts twice.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.exc import IntegrityError

from infra.errors import CacheUnavailable, DatabaseUnavailable
from streaming.sessions import scripts
from streaming.sessions.ledger import hour_of, milliseconds
from streaming.sessions.model import Counters, State
from streaming.sessions.subject import Subject, subject_of
from streaming.sessions.tally import Snapshot, Tally

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from infra.ports import Cache
    from streaming.clock import Clock
    from streaming.sessions.ledger import Ledger
    from streaming.sessions.settings import SessionSettings

log: Final = logging.getLogger("channel.sessions")

LEASE: Final = "channel:sessions:rollup"
LEASE_TTL: Final = timedelta(seconds=10)
BATCH: Final = 200
"""Sessions in one call of a script and in one SQL transaction."""


class Rollup:
    """One round at a time; any process may run it, and a lease sees to it that one does."""

    def __init__(self, *, cache: Cache, ledger: Ledger, settings: SessionSettings) -> None:
        self._cache = cache
        self._ledger = ledger
        self._settings = settings
        self._peaks: dict[Subject, int] = {}
        self._hour: datetime | None = None
        self._forgotten: datetime | None = None

    async def once(self, *, now: datetime) -> int:
        """One round. Returns how many sessions the ledger was told of.

        Raises CacheUnavailable, DatabaseUnavailable, IntegrityError (`Ledger.record`); the next round makes it good.
        """
        told = 0
        for shard in range(self._settings.shards):
            await self.sweep(shard, now=now)
            while snapshots := await self.collect(shard, now=now):
                held = await self._ledger.record(snapshots, now=now)
                await self.acknowledge(shard, snapshots, held, now=now)
                told += len(snapshots)
                if len(snapshots) < BATCH:
                    break
        await self._keep_peaks(now=now)
        await self._forget(now=now)
        return told

    async def sweep(self, shard: int, *, now: datetime) -> None:
        """Close what has lapsed."""
        while await self._script(scripts.SWEEP, shard, milliseconds(now), BATCH) == BATCH:
            pass

    async def collect(self, shard: int, *, now: datetime) -> list[Snapshot]:
        """At most BATCH sessions that the ledger should hear of by now; their marks stay."""
        return [_snapshot(*values) for values in await self._script(scripts.COLLECT, shard, milliseconds(now), BATCH)]

    async def acknowledge(
        self, shard: int, snapshots: Sequence[Snapshot], held: Mapping[str, Tally], *, now: datetime
    ) -> None:
        """Take the marks away from sessions that have not changed since."""
        arguments: list[str | int] = [milliseconds(now), self._settings.pause // timedelta(milliseconds=1)]
        for snapshot in snapshots:
            tally = held[snapshot.session]
            arguments += (snapshot.session, snapshot.revision, tally.attempts, tally.starts, tally.views)
        await self._script(scripts.ACKNOWLEDGE, shard, *arguments)

    async def _keep_peaks(self, *, now: datetime) -> None:
        hour = hour_of(now)
        if hour != self._hour:
            self._hour, self._peaks = hour, {}
        viewers: dict[Subject, int] = {}
        for shard in range(self._settings.shards):
            found = iter(await self._script(scripts.CENSUS, shard, milliseconds(now)))
            for name, number in zip(found, found, strict=True):
                subject = subject_of(name.decode())
                viewers[subject] = viewers.get(subject, 0) + number
        higher = {subject: number for subject, number in viewers.items() if number > self._peaks.get(subject, 0)}
        if higher:
            await self._ledger.peaks(higher, hour=hour)
            self._peaks |= higher

    async def _forget(self, *, now: datetime) -> None:
        hour = hour_of(now)
        if hour != self._forgotten:
            await self._ledger.forget(
                positions_before=now - self._settings.resume_ttl, entries_before=now - self._settings.ledger_ttl
            )
            self._forgotten = hour

    async def _script(self, source: str, shard: int, *arguments: str | int) -> Any:
        return await self._cache.script(source, [scripts.prefix(shard)], arguments)


async def run_rollup(rollup: Rollup, *, cache: Cache, settings: SessionSettings, clock: Clock) -> None:
    """Rounds, for ever. Outages are waited for; a process without the lease looks for it again each round."""
    interval_s = settings.rollup_interval.total_seconds()
    while True:
        try:
            async with cache.lease(LEASE, ttl=LEASE_TTL) as lease:
                while lease is not None and not lease.lost:
                    await rollup.once(now=clock())
                    await asyncio.sleep(interval_s)
        except (CacheUnavailable, DatabaseUnavailable, IntegrityError) as exc:
            log.warning("the rollup of viewing sessions waits: %s", exc)
        await asyncio.sleep(interval_s)


def _snapshot(session: bytes, revision: int, subject: bytes, viewer: bytes, device: bytes, *rest: Any) -> Snapshot:
    begun, seen, state, viewed, position, started, *counters, technical, business = rest
    played, rebuffer, rebuffers, startup, kbit, content, latency = counters
    return Snapshot(
        session=session.decode(),
        revision=revision,
        subject=subject_of(subject.decode()),
        viewer=viewer.decode(),
        device=device.decode(),
        begun_ms=begun,
        seen_ms=seen,
        state=State(state.decode()),
        viewed=bool(viewed),
        position_ms=position,
        counters=Counters(
            started=bool(started),
            played_ms=played,
            rebuffer_ms=rebuffer,
            rebuffers=rebuffers,
            startup_ms=startup,
            played_kbit=kbit,
            content_ms=content,
            latency_ms_s=latency,
            failed_technical=bool(technical),
            failed_business=bool(business),
        ),
    )
