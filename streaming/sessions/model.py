"""Viewing sessions as values: what a player reports, how reports merge, and the rules. Pure: time is an argument.

A player reports **cumulative** counters, each report with a growing `seq`. Counters merge by maximum, and what is not
a counter (position, paused) is taken from the report with the highest `seq` that says it. So any order, repetition or
loss of all but the last report leads to the same session. `merge.lua` merges the same way inside Redis.

Times are integers in milliseconds; the wall clock is milliseconds since the epoch.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

VIEW_MS: Final = 10_000
"""Played time that makes a counted view, unless half of the content is shorter."""

RESUME_FLOOR_MS: Final = 300_000
"""Content shorter than this (a highlight) starts at its beginning always."""

FIRST_MINUTE_MS: Final = 60_000
LAPSE_INTERVALS: Final = 2.5
"""A session closes itself after so many heartbeat intervals without news."""

MAX_KBPS: Final = 200_000
"""No rendition has a higher bit rate (kb/s): what a counter of bits is held against."""

MAX_STALLS_PER_S: Final = 4

MAX_SPEED: Final = 4
"""No player shows more than this of the content in a second."""

MAX_LATENCY_S: Final = 86_400
"""Nobody is farther behind live than the longest window: what a counter of latency is held against."""


class State(StrEnum):
    """`opened`: play was asked for; `playing`: after the first frame; `paused` may last an hour; the rest is over."""

    OPENED = "opened"
    PLAYING = "playing"
    PAUSED = "paused"
    ENDED = "ended"
    EXPIRED = "expired"


OVER: Final = frozenset({State.ENDED, State.EXPIRED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """What only ever grows. `played_ms` and `rebuffer_ms` are wall-clock time; `startup_ms` is from the wish to play to
    the first frame; `played_kbit` is the bit rate of what was shown, added up over the time it was shown (kilobits).
    `content_ms` is how much of the content was shown in `played_ms`; `latency_ms_s` how far behind live the picture was
    (ms), added up over the time it was shown (s).

    A technical failure is a fault of ours or of the network; a business failure is a refusal by rule (territory, rights
    window), which is no fault.
    """

    started: bool = False
    played_ms: int = 0
    rebuffer_ms: int = 0
    rebuffers: int = 0
    startup_ms: int = 0
    played_kbit: int = 0
    content_ms: int = 0
    latency_ms_s: int = 0
    failed_technical: bool = False
    failed_business: bool = False

    def __or__(self, other: Counters) -> Counters:
        return Counters(**{name: max(getattr(self, name), getattr(other, name)) for name in _COUNTERS})

    def within(self, elapsed_ms: int, *, max_rate: float, slack_ms: int) -> Counters:
        """What of it can be true `elapsed_ms` after the session began: nobody plays longer than time has passed."""
        wall = max(0, elapsed_ms) + slack_ms
        played = int(max(0, elapsed_ms) * max_rate) + slack_ms
        return replace(
            self,
            played_ms=min(self.played_ms, played),
            rebuffer_ms=min(self.rebuffer_ms, wall),
            rebuffers=min(self.rebuffers, wall * MAX_STALLS_PER_S // 1000),
            startup_ms=min(self.startup_ms, wall),
            played_kbit=min(self.played_kbit, played * MAX_KBPS // 1000),
            content_ms=min(self.content_ms, played * MAX_SPEED),
            latency_ms_s=min(self.latency_ms_s, played * MAX_LATENCY_S),
        )


_COUNTERS: Final = tuple(field.name for field in fields(Counters))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamped:
    """A value that the report with the highest `seq` decides; 0 is before every report."""

    seq: int = 0
    value: int = 0

    def __or__(self, other: Stamped) -> Stamped:
        return max(self, other, key=lambda stamped: (stamped.seq, stamped.value))


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What one or more reports say together. `position` is in the content (ms), `paused` 0 or 1, `end_seq` 0 while the
    session goes on, `last_seq` the highest seq that was seen."""

    counters: Counters = Counters()
    position: Stamped = Stamped()
    paused: Stamped = Stamped()
    last_seq: int = 0
    end_seq: int = 0

    def __or__(self, other: News) -> News:
        ends = [seq for seq in (self.end_seq, other.end_seq) if seq]
        return News(
            counters=self.counters | other.counters,
            position=self.position | other.position,
            paused=self.paused | other.paused,
            last_seq=max(self.last_seq, other.last_seq),
            end_seq=min(ends, default=0),
        )


def together(news: Iterable[News]) -> News:
    """The reports of a batch as one. What is numbered behind the end is not part of the session and left out."""
    reports = list(news)
    end = min((report.end_seq for report in reports if report.end_seq), default=0)
    merged = News()
    for report in reports:
        if not end or report.last_seq <= end:
            merged |= report
    return merged


def view_threshold_ms(duration_ms: int | None) -> int:
    """Played time that makes a counted view: 10 s, or half of a shorter content; never nothing."""
    return VIEW_MS if duration_ms is None else max(1, min(VIEW_MS, duration_ms // 2))


def interval_ms(age_ms: int, *, first_ms: int, then_ms: int, backoff: float = 1.0) -> int:
    """Time until the next heartbeat: often in the first minute, where viewers leave, and seldom after it."""
    return int((first_ms if age_ms < FIRST_MINUTE_MS else then_ms) * backoff)


def lapse_ms(interval: int) -> int:
    """How long a session lives without news."""
    return int(interval * LAPSE_INTERVALS)


def resume_at_ms(position_ms: int, duration_ms: int | None) -> int:
    """Where to start again: the position, if the content is long enough to have one, was really begun (5 %) and not
    seen nearly to its end (90 %); otherwise 0."""
    if duration_ms is None or duration_ms < RESUME_FLOOR_MS:
        return 0
    return position_ms if 5 * duration_ms <= 100 * position_ms <= 90 * duration_ms else 0
