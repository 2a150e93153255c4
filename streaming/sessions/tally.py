"""What sessions add up to: the numbers of the ledger and of the rollup. Pure."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

from streaming.sessions.model import OVER, Counters, State
from streaming.sessions.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Sums over sessions (or one of them).

    Three different things: an attempt (play was asked for), a start (the first frame) and a counted view.
    `exits_before_start` are attempts that ended without a first frame and without a failure.
    """

    attempts: int = 0
    starts: int = 0
    views: int = 0
    exits_before_start: int = 0
    failures_technical: int = 0
    failures_business: int = 0
    played_ms: int = 0
    rebuffer_ms: int = 0
    rebuffers: int = 0
    startup_ms: int = 0
    played_kbit: int = 0
    content_ms: int = 0
    latency_ms_s: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(**{name: getattr(self, name) + getattr(other, name) for name in MEASURES})

    def __sub__(self, other: Tally) -> Tally:
        return Tally(**{name: getattr(self, name) - getattr(other, name) for name in MEASURES})


MEASURES: Final = tuple(field.name for field in fields(Tally))


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A session as Redis holds it: what the ledger is told. `session` is its name (`Ticket.name`), `viewer` the keyed
    hash or "". `revision` grows with every change worth telling, also across a loss of Redis. Times in ms since the
    epoch."""

    session: str
    revision: int
    subject: Subject
    viewer: str
    device: str
    begun_ms: int
    seen_ms: int
    state: State
    viewed: bool
    position_ms: int
    counters: Counters


def grown(before: Tally, now: Snapshot) -> Tally:
    """What the ledger holds of one session, after it has heard of this snapshot too.

    By maximum: a session that Redis lost and its next heartbeat brought back never takes anything away and never
    counts twice. An exit before the start is the one thing that can be taken back, when the viewer returns.
    """
    seen = now.counters
    starts = max(before.starts, int(seen.started))
    technical = max(before.failures_technical, int(seen.failed_technical))
    business = max(before.failures_business, int(seen.failed_business))
    return Tally(
        attempts=1,
        starts=starts,
        views=max(before.views, int(now.viewed)),
        exits_before_start=int(now.state in OVER and not starts and not technical and not business),
        failures_technical=technical,
        failures_business=business,
        played_ms=max(before.played_ms, seen.played_ms),
        rebuffer_ms=max(before.rebuffer_ms, seen.rebuffer_ms),
        rebuffers=max(before.rebuffers, seen.rebuffers),
        startup_ms=max(before.startup_ms, seen.startup_ms),
        played_kbit=max(before.played_kbit, seen.played_kbit),
        content_ms=max(before.content_ms, seen.content_ms),
        latency_ms_s=max(before.latency_ms_s, seen.latency_ms_s),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Quality of experience over sessions. Seconds; kb/s; `rebuffering_ratio` is waiting ÷ time requested, where the
    time requested is what was played and what was waited for (the start is counted apart). `latency_s` is how far
    behind live the picture was, `playback_rate` how fast it moved: 1 is as it came; both 0 where players do not say
    it."""

    startup_s: float
    rebuffering_ratio: float
    rebuffers_per_start: float
    average_kbps: float
    latency_s: float
    playback_rate: float
    failures_technical: int
    failures_business: int
    exits_before_start: int


def quality(tally: Tally) -> Quality:
    """Averages from sums; 0 where nothing was started or played."""

    def share(part: float, whole: float) -> float:
        return round(part / whole, 4) if whole else 0.0

    return Quality(
        startup_s=share(tally.startup_ms / 1000, tally.starts),
        rebuffering_ratio=share(tally.rebuffer_ms, tally.played_ms + tally.rebuffer_ms),
        rebuffers_per_start=share(tally.rebuffers, tally.starts),
        average_kbps=share(tally.played_kbit * 1000, tally.played_ms),
        latency_s=share(tally.latency_ms_s, tally.played_ms),
        playback_rate=share(tally.content_ms, tally.played_ms),
        failures_technical=tally.failures_technical,
        failures_business=tally.failures_business,
        exits_before_start=tally.exits_before_start,
    )
