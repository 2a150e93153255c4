"""What players send and get: JSON with seconds, checked here and turned into the model's values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Literal

from msgspec import Meta

from streaming.sessions.model import Counters, News, Stamped, State, together
from streaming.sessions.tally import Quality

BODY_LIMIT: Final = 32 * 1024
MOST_EVENTS: Final = 100

Opaque = Annotated[str, Meta(min_length=1, max_length=256)]
Device = Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9 ._/-]*$")]
Seconds = Annotated[float, Meta(ge=0, le=10_000_000)]
Count = Annotated[int, Meta(ge=0, le=1_000_000_000_000)]
Seq = Annotated[int, Meta(ge=1, le=2**53 - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """Play is asked for, of an `asset` or of the event that runs, or ran last, on a `channel`. `viewer` is any stable
    id that the player (or a site's backend, with a viewer-service token) has for its viewer: only a keyed hash of it is
    kept, for the resume position. `attempt` is a key of the player's own for this press of the button: a repeated
    request with it leads to the same session."""

    asset: Opaque | None = None
    channel: Opaque | None = None
    viewer: Opaque | None = None
    attempt: Opaque | None = None
    device: Device = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """`heartbeat_url` takes the reports, the first within `heartbeat_interval_s`; without any the session closes itself
    at `expires_at`. Playback should begin at `resume_at_s` (0: at the beginning)."""

    session_id: str
    playback_url: str
    heartbeat_url: str
    heartbeat_interval_s: float
    resume_at_s: float
    expires_at: datetime


class Kind(StrEnum):
    """`start` is the first frame; `pause` may be sent when the page is hidden; `end` is for leaving it for good."""

    START = "start"
    HEARTBEAT = "heartbeat"
    PAUSE = "pause"
    RESUME = "resume"
    SEEK = "seek"
    REBUFFER = "rebuffer"
    ERROR = "error"
    END = "end"


_PLAYING: Final = frozenset({Kind.START, Kind.HEARTBEAT, Kind.RESUME})


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A report of a player. Counters are cumulative since the session began, whatever the kind; `seq` grows with every
    event. `played_s` is time in which the picture moved, `rebuffer_s` time of waiting after the start, `startup_s` time
    from the wish to play to the first frame, `played_kbit` the bit rate shown, added up over time (kb/s × s). Of live
    also: `content_s` is how much of the content was shown, more than `played_s` by whoever catches up; `latency_s2` how
    far behind live the picture was, added up over the time it was shown (s × s).
    `failure` belongs to `error`: `business` is a refusal by rule (territory, rights), `technical` all else."""

    type: Kind
    seq: Seq
    position_s: Seconds | None = None
    played_s: Seconds = 0.0
    rebuffer_s: Seconds = 0.0
    rebuffers: Count = 0
    startup_s: Seconds = 0.0
    played_kbit: Count = 0
    content_s: Seconds = 0.0
    latency_s2: Annotated[float, Meta(ge=0, le=1e12)] = 0.0
    paused: bool | None = None
    failure: Literal["technical", "business"] = "technical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One or more reports, in any order."""

    events: Annotated[tuple[Event, ...], Meta(min_length=1, max_length=MOST_EVENTS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """How the session stands now, and when the next report is due. `played_s` is what the server could verify."""

    state: State
    counted_view: bool
    played_s: float
    heartbeat_interval_s: float
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AudienceView:
    """`now`: viewers at this moment, and `peak`, the most at once; `attempts`, `starts` (first frames) and `views`
    (10 s, or half of a shorter content) of all time; `visitors_today` is an estimate (UTC day). `qoe`: for editors.
    Of an asset, or of event number `event` of a channel."""

    asset: str | None = None
    channel: str | None = None
    event: int | None = None
    now: int
    peak: int
    attempts: int
    starts: int
    views: int
    visitors_today: int
    played_s: float
    qoe: Quality | None = None


def news_of(batch: Batch) -> News:
    return together(_news(event) for event in batch.events)


def _news(event: Event) -> News:
    paused = event.paused
    if event.type is Kind.PAUSE:
        paused = True
    elif paused is None and event.type in _PLAYING:
        paused = False
    error = event.type is Kind.ERROR
    return News(
        counters=Counters(
            started=event.type is Kind.START or event.played_s > 0,
            played_ms=_ms(event.played_s),
            rebuffer_ms=_ms(event.rebuffer_s),
            rebuffers=event.rebuffers,
            startup_ms=_ms(event.startup_s),
            played_kbit=event.played_kbit,
            content_ms=_ms(event.content_s),
            latency_ms_s=_ms(event.latency_s2),
            failed_technical=error and event.failure == "technical",
            failed_business=error and event.failure == "business",
        ),
        position=Stamped() if event.position_s is None else Stamped(seq=event.seq, value=_ms(event.position_s)),
        paused=Stamped() if paused is None else Stamped(seq=event.seq, value=int(paused)),
        last_seq=event.seq,
        end_seq=event.seq if event.type is Kind.END else 0,
    )


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
