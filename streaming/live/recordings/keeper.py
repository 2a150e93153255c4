"""Events after their end: recorded as soon as all of it is in the bucket, and swept when nobody can see it any more.

One API process leads, by a lease; any other takes over when it dies. Who ends an event says so when its last object is
in the bucket; who misses that finds the event in SQL.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Final

from infra.errors import InfraError, ObjectNotFound
from infra.leader import Leader
from manifests import layout
from manifests.layout import ChannelId
from streaming.clock import utc_now
from streaming.live.recordings.sweep import sweep_event
from transcoder.live import board
from transcoder.live.event import load

if TYPE_CHECKING:
    from datetime import datetime

    from infra.ports import Cache, ObjectStore
    from streaming.clock import Clock
    from streaming.live.recordings.events import Event, LiveEvents
    from streaming.live.recordings.recorder import Recorder

log = logging.getLogger(__name__)

_LEASE: Final = "channel:lease:recordings"
_TTL: Final = timedelta(seconds=3)
"""Short, for somebody waits. Should two lead for a moment they do the same."""
_EVERY: Final = timedelta(seconds=2)
_THOROUGH: Final = 1

PATIENCE: Final = timedelta(seconds=90)
"""How long a live process has to bring the end of an event into the bucket; if it is killed the next one does that."""
LONGEST: Final = timedelta(hours=1)
"""How long it has while it says that it still holds some of it, and the bucket does not take that."""
KEPT: Final = timedelta(days=1)
"""How long an event that is not recorded stays in the bucket after another began, or its channel's window has passed
over it: players that stand there go on."""
_OFTEN: Final = timedelta(hours=1)
_RAREST: Final = timedelta(days=1)
"""Between two looks at an event that something is kept of: the older it is, the rarer they are."""

Name = tuple[ChannelId, int]


class Leaving(Enum):
    """What of an event leaves the bucket, but for what recordings and clips are made of."""

    NOTHING = "nothing"
    PAST = "what left the window long ago"
    ALL = "all of it"


def leaving(event: Event, now: datetime) -> Leaving:
    """Pure."""
    if not event.is_settled:
        return Leaving.NOTHING
    if event.dvr is None:
        return Leaving.ALL
    if event.shown:
        return Leaving.NOTHING if event.wanted else Leaving.PAST
    # However long ago it ended, viewers had it until another one began.
    since = max(filter(None, (event.over_at, event.followed_at)), default=None)
    is_old = since is None or now - since > KEPT
    return Leaving.ALL if is_old else Leaving.NOTHING


def _until_next(age: timedelta) -> timedelta:
    return min(max(age / 24, _OFTEN), _RAREST)


class RecordingKeeper:
    """Runs in every API process; works in the one that leads."""

    def __init__(
        self, *, events: LiveEvents, recorder: Recorder, store: ObjectStore, cache: Cache, clock: Clock = utc_now,
        every: timedelta = _EVERY,
    ) -> None:  # fmt: skip
        self._events, self._recorder, self._store, self._cache = events, recorder, store, cache
        self._clock, self._every = clock, every
        self._next: dict[Name, datetime] = {}

    async def run(self) -> None:
        """Until cancelled: lead, or stand by."""
        await Leader(
            self, cache=self._cache, lease=_LEASE, ttl=_TTL, channel=board.OVER, every=self._every, thorough=_THOROUGH
        ).run()  # fmt: skip

    def named(self, message: bytes) -> Name | None:
        channel, _, number = message.decode(errors="replace").rpartition("/")
        return (ChannelId(channel), int(number)) if layout.is_name(channel) and number.isdecimal() else None

    async def look(self, name: Name) -> None:
        """An event is over, and all of it in the bucket."""
        event = await self._events.get(*name)
        if event is not None and not event.is_settled:
            await self._record(event)

    async def sweep(self, *, thorough: bool) -> None:
        for event in await self._events.pending():
            try:
                await self._record(event)
            except InfraError:
                raise
            except Exception:
                # One that cannot be understood must not hold up the others.
                log.exception("an event cannot be recorded", extra={"channel": event.channel, "event": event.number})
        await self._tidy()

    async def _is_late(self, event: Event) -> bool:
        """Whether what is missing by now is not waited for any more."""
        age = timedelta(0) if event.over_at is None else self._clock() - event.over_at
        if not PATIENCE < age <= LONGEST:
            return age > LONGEST
        return await self._cache.get(board.finishing_key(event.channel, event.number)) is None

    async def _record(self, event: Event) -> None:
        recorded = await self._recorder.record(event, at_last=await self._is_late(event))
        if recorded is not None:
            await self._events.settled(event, parts=recorded.parts, missing_s=recorded.missing_s)

    async def _tidy(self) -> None:
        """Sweep one event whose turn it is: whoever is over meanwhile does not wait for a long list of old ones."""
        now, events = self._clock(), await self._events.all()
        self._next = {(each.channel, each.number): self._next.get((each.channel, each.number), now) for each in events}
        due = [
            event for event in events
            if self._next[event.channel, event.number] <= now and leaving(event, now) is not Leaving.NOTHING
        ]  # fmt: skip
        if not due:
            return
        event = min(due, key=lambda each: self._next[each.channel, each.number])
        self._next[event.channel, event.number] = now + _until_next(now - (event.over_at or now))
        if leaving(event, now) is Leaving.PAST:
            await self._drop_past(event, event.dvr or timedelta(0), now)
            return
        is_empty = await sweep_event(self._store, event.channel, event.number)
        if is_empty and (event.over_at is None or now - event.over_at > PATIENCE):
            await self._events.forget(event)
            log.info("an event is swept", extra={"channel": event.channel, "event": event.number})

    async def _drop_past(self, event: Event, dvr: timedelta, now: datetime) -> None:
        """Of an event that viewers still have: what left its window long ago."""
        try:
            live = load(await self._store.read(layout.live_event(event.channel, event.number)))
        except ObjectNotFound:
            return
        until = min(now, event.over_at or now) - dvr - KEPT
        before = live.grid.segment_at(int(until.timestamp() * 1000))
        await sweep_event(self._store, event.channel, event.number, before=before)
