"""Viewing sessions over Redis and the ledger: any number of API processes act on the same sessions."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec

from streaming.sessions import scripts
from streaming.sessions.combiner import Combiner
from streaming.sessions.errors import SessionNotFound, SessionOver
from streaming.sessions.identity import EPOCH_MS, Identity, Ticket, shard_of
from streaming.sessions.ledger import milliseconds, moment
from streaming.sessions.model import News, State, interval_ms, lapse_ms, resume_at_ms, view_threshold_ms
from streaming.sessions.pace import Pace
from streaming.sessions.subject import ChannelEvent, name_of
from streaming.sessions.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.ports import Cache
    from streaming.sessions.ledger import Ledger
    from streaming.sessions.settings import SessionSettings
    from streaming.sessions.subject import Subject

ATTEMPT_TTL: Final = timedelta(minutes=10)
"""How long the answer to a repeated request for a session is the same session."""

POSITION_TTL: Final = timedelta(days=1)
"""How long Redis remembers a position; the ledger does it for longer, and is told well before."""

VISITOR_TTL: Final = timedelta(days=2)

_TAKEN, _UNKNOWN, _OVER = 0, 1, 2  # what merge.lua answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A new session (or, for a repeated attempt, the one it led to): where to start, when the first report is due."""

    session: str
    resume_at_ms: int
    interval_ms: int
    lapses_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """How a session stands after a report: `played_ms` is what could be verified; the rest as in `Opened`."""

    state: State
    viewed: bool
    played_ms: int
    interval_ms: int
    lapses_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who watches: viewers now and at most at once, visitors today (UTC, estimated), sums of all time."""

    now: int
    peak: int
    visitors_today: int
    tally: Tally


class Sessions:
    """What players and pages ask for. Raises CacheUnavailable, DatabaseUnavailable."""

    def __init__(self, *, cache: Cache, ledger: Ledger, settings: SessionSettings, identity: Identity) -> None:
        self._cache = cache
        self._ledger = ledger
        self._settings = settings
        self._identity = identity
        self._merges = Combiner(cache, scripts.MERGE)
        self._pace = Pace(settings.batches_per_s)

    async def open(
        self,
        subject: Subject,
        *,
        duration_ms: int | None,
        viewer: str | None,
        scope: str,
        visitor: str,
        now: datetime,
        attempt: str | None = None,
        device: str = "",
    ) -> Opened:
        """Begin a session: one attempt, however often it is asked for with the same `attempt` (a player's own key).

        `viewer` and `scope`: see `Identity.viewer`. `visitor` is whatever tells visitors apart for a day; neither is
        kept as it is. Live has no resume position: there the viewer is not needed, and the session has none.
        """
        hashed = self._identity.viewer(scope, viewer) if viewer and not isinstance(subject, ChannelEvent) else ""
        pressed = f"attempt {scope} {name_of(subject)} {viewer or visitor}"
        key = self._identity.viewer(pressed, attempt) if attempt else ""
        # A viewer's sessions and position share a shard; the rest spread evenly.
        shard = shard_of(hashed or key or secrets.token_bytes(8), self._settings.shards)
        ticket = self._identity.issue(
            subject=subject,
            begun_ms=max(milliseconds(now), EPOCH_MS),
            threshold_ms=view_threshold_ms(duration_ms),
            shard=shard,
            viewer=hashed,
        )
        interval = self._interval_ms(ticket, now)
        entered, _ = await asyncio.gather(
            self._enter(ticket, now=now, device=device, attempt=key), self._visit(subject, visitor, now=now)
        )
        session, position = entered[0].decode(), entered[1].decode()
        return Opened(
            session=session,
            resume_at_ms=resume_at_ms(await self._position_ms(position, hashed, subject), duration_ms),
            interval_ms=interval,
            lapses_at=now + timedelta(milliseconds=lapse_ms(interval)),
        )

    async def hear(self, session: str, news: News, *, now: datetime) -> Heard:
        """Take a report. Raises SessionNotFound, SessionOver.

        A session that Redis has lost is brought back from its id and from what the ledger knows of it; the report's
        counters, being cumulative, say the rest.
        """
        ticket = self._identity.read(session)
        if ticket.shard >= self._settings.shards:
            raise SessionNotFound
        interval = self._interval_ms(ticket, now)
        if now - moment(ticket.begun_ms) > self._settings.longest:
            raise _over(State.EXPIRED)
        code, state, viewed, played = await self._merge(ticket, news, interval=interval, now=now)
        if code == _UNKNOWN:
            await self._restore(ticket, now=now)
            code, state, viewed, played = await self._merge(ticket, news, interval=interval, now=now)
        if code == _OVER:
            raise _over(State(state.decode()))
        return Heard(
            state=State(state.decode()),
            viewed=bool(viewed),
            played_ms=played,
            interval_ms=interval,
            lapses_at=now + timedelta(milliseconds=lapse_ms(interval)),
        )

    async def audience(self, subject: Subject, *, now: datetime) -> Audience:
        """Exact but for `visitors_today`, and for what the ledger is being told at this very moment."""
        # The ledger first: what moves to it in between is then missing for a moment, and never counted twice.
        tally, peak = await self._ledger.totals(subject)
        day = now.date().isoformat()
        parts = await self._everywhere(scripts.AUDIENCE, [milliseconds(now), name_of(subject), day])
        viewers, attempts, starts, views, visitors = (sum(column) for column in zip(*parts, strict=True))
        return Audience(
            now=viewers,
            peak=max(peak, viewers),
            visitors_today=visitors,
            tally=tally + Tally(attempts=attempts, starts=starts, views=views),
        )

    async def viewers(self, subjects: Sequence[Subject], *, now: datetime) -> list[int]:
        """How many watch each of these at this moment, in their order: exact over all API processes."""
        if not subjects:
            return []
        parts = await self._everywhere(scripts.VIEWERS, [milliseconds(now), *map(name_of, subjects)])
        return [sum(column) for column in zip(*parts, strict=True)]

    def _interval_ms(self, ticket: Ticket, now: datetime) -> int:
        now_ms = milliseconds(now)
        return interval_ms(
            now_ms - ticket.begun_ms,
            first_ms=_ms(self._settings.first_interval),
            then_ms=_ms(self._settings.interval),
            backoff=self._pace.hit(now_ms),
        )

    async def _merge(self, ticket: Ticket, news: News, *, interval: int, now: datetime) -> Any:
        settings, now_ms = self._settings, milliseconds(now)
        counters = news.counters.within(
            now_ms - ticket.begun_ms, max_rate=settings.max_rate, slack_ms=_ms(settings.slack)
        )
        common = (now_ms, _ms(settings.pause), _ms(settings.settle), _ms(settings.checkpoint), _ms(POSITION_TTL))
        item = msgspec.msgpack.encode(
            (
                ticket.name, lapse_ms(interval), news.last_seq, news.end_seq, (news.paused.seq, news.paused.value),
                (news.position.seq, news.position.value),
                (
                    int(counters.started), counters.played_ms, counters.rebuffer_ms, counters.rebuffers,
                    counters.startup_ms, counters.played_kbit, counters.content_ms, counters.latency_ms_s,
                    int(counters.failed_technical), int(counters.failed_business),
                ),
            )
        )  # fmt: skip
        return await self._merges.call(ticket.shard, common, item)

    async def _enter(
        self, ticket: Ticket, *, now: datetime, device: str = "", attempt: str = "", told: Tally | None = None
    ) -> Any:
        known = told or Tally()
        arguments: Sequence[str | int] = (
            milliseconds(now), ticket.name, name_of(ticket.subject), ticket.viewer, device, ticket.begun_ms,
            ticket.threshold_ms, lapse_ms(_ms(self._settings.first_interval)), _ms(self._settings.settle), ticket.id,
            attempt, _ms(ATTEMPT_TTL),
            known.attempts, known.starts, known.views, known.played_ms, known.rebuffer_ms, known.rebuffers,
            known.startup_ms, known.played_kbit, known.content_ms, known.latency_ms_s, known.failures_technical,
            known.failures_business,
        )  # fmt: skip
        return await self._cache.script(scripts.ENTER, [scripts.prefix(ticket.shard)], arguments)

    async def _restore(self, ticket: Ticket, *, now: datetime) -> None:
        known = await self._ledger.recorded(ticket.name)
        if known is not None:
            silent = milliseconds(now) - known.seen_ms
            if known.state is State.ENDED or (known.state is State.EXPIRED and silent > _ms(self._settings.pause)):
                raise _over(known.state)
        await self._enter(ticket, now=now, told=known.tally if known else None)

    async def _visit(self, subject: Subject, visitor: str, *, now: datetime) -> None:
        day = now.date()
        hashed = self._identity.visitor(day, visitor)
        shard = shard_of(hashed, self._settings.shards)  # each visitor in one shard: the shards' numbers add up
        arguments = (name_of(subject), day.isoformat(), hashed, _ms(VISITOR_TTL))
        await self._cache.script(scripts.VISIT, [scripts.prefix(shard)], arguments)

    async def _position_ms(self, remembered: str, viewer: str, subject: Subject) -> int:
        if remembered:
            return int(remembered.partition(":")[0])
        if not viewer or isinstance(subject, ChannelEvent):
            return 0
        return await self._ledger.position_ms(viewer, subject) or 0

    async def _everywhere(self, script: str, arguments: Sequence[str | int]) -> list[Any]:
        shards = range(self._settings.shards)
        return await asyncio.gather(*(self._cache.script(script, [scripts.prefix(n)], arguments) for n in shards))


def _ms(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)


def _over(state: State) -> SessionOver:
    return SessionOver(state=state.value)
