from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streaming.sessions.model import Counters, News, Stamped
from streaming.sessions.wire import Batch, Event, Kind, news_of


def of(*events: Event) -> News:
    return news_of(Batch(events=events))


def test_a_heartbeat_says_what_was_played() -> None:
    event = Event(
        type=Kind.HEARTBEAT, seq=4, position_s=31.5, played_s=30.25, rebuffer_s=0.5, rebuffers=2, startup_s=0.4,
        played_kbit=90_000, content_s=30.5, latency_s2=54.45,
    )  # fmt: skip
    assert of(event) == News(
        counters=Counters(
            started=True,
            played_ms=30_250,
            rebuffer_ms=500,
            rebuffers=2,
            startup_ms=400,
            played_kbit=90_000,
            content_ms=30_500,
            latency_ms_s=54_450,
        ),
        position=Stamped(seq=4, value=31_500),
        paused=Stamped(seq=4, value=0),
        last_seq=4,
    )


def test_what_the_kinds_of_events_say() -> None:
    assert of(Event(type=Kind.START, seq=1)).counters.started
    assert not of(Event(type=Kind.HEARTBEAT, seq=1)).counters.started
    assert of(Event(type=Kind.PAUSE, seq=2)).paused == Stamped(seq=2, value=1)
    assert of(Event(type=Kind.RESUME, seq=3)).paused == Stamped(seq=3, value=0)
    assert of(Event(type=Kind.HEARTBEAT, seq=3, paused=True)).paused == Stamped(seq=3, value=1)
    assert of(Event(type=Kind.SEEK, seq=4, position_s=7)).paused == Stamped()
    assert of(Event(type=Kind.SEEK, seq=4, position_s=7)).position == Stamped(seq=4, value=7_000)
    assert of(Event(type=Kind.END, seq=5)).end_seq == 5
    assert of(Event(type=Kind.ERROR, seq=1)).counters.failed_technical
    denied = of(Event(type=Kind.ERROR, seq=1, failure="business")).counters
    assert (denied.failed_technical, denied.failed_business) == (False, True)


@given(st.permutations([Event(type=kind, seq=n, position_s=n, played_s=n) for n, kind in enumerate(Kind, 1)]))
def test_the_order_in_a_batch_does_not_matter(events: list[Event]) -> None:
    assert of(*events) == of(*sorted(events, key=lambda event: event.seq))
