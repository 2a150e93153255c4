from __future__ import annotations

from dataclasses import replace

from manifests.layout import AssetId
from streaming.sessions.model import Counters, State
from streaming.sessions.tally import Snapshot, Tally, grown, quality

SEEN = Snapshot(
    session="s",
    revision=1,
    subject=AssetId("a"),
    viewer="",
    device="",
    begun_ms=0,
    seen_ms=0,
    state=State.PLAYING,
    viewed=True,
    position_ms=0,
    counters=Counters(started=True, played_ms=12_000, rebuffer_ms=500, rebuffers=2, startup_ms=300, played_kbit=24_000),
)


def test_a_session_counts_once_each() -> None:
    first = grown(Tally(), SEEN)
    assert first == Tally(
        attempts=1, starts=1, views=1, played_ms=12_000, rebuffer_ms=500, rebuffers=2, startup_ms=300,
        played_kbit=24_000,
    )  # fmt: skip
    assert grown(first, SEEN) == first
    assert grown(first, SEEN) - first == Tally()


def test_a_session_that_was_lost_takes_nothing_away() -> None:
    known = grown(Tally(), SEEN)
    reborn = replace(SEEN, viewed=False, counters=Counters(started=True, played_ms=13_000))
    assert grown(known, reborn) == replace(known, played_ms=13_000)


def test_leaving_before_the_first_frame_is_an_exit_unless_something_failed() -> None:
    left = replace(SEEN, state=State.EXPIRED, viewed=False, counters=Counters())
    assert grown(Tally(), left).exits_before_start == 1
    assert grown(Tally(), replace(left, state=State.OPENED)).exits_before_start == 0
    assert grown(Tally(), replace(left, state=State.ENDED)).exits_before_start == 1
    denied = replace(left, counters=Counters(failed_business=True))
    assert grown(Tally(), denied) == Tally(attempts=1, failures_business=1)
    broken = replace(left, counters=Counters(failed_technical=True))
    assert grown(Tally(), broken) == Tally(attempts=1, failures_technical=1)


def test_a_viewer_who_returns_takes_the_exit_back() -> None:
    gone = grown(Tally(), replace(SEEN, state=State.EXPIRED, viewed=False, counters=Counters()))
    back = grown(gone, SEEN)
    assert (back - gone).exits_before_start == -1
    assert back.exits_before_start == 0


def test_quality_is_made_of_sums() -> None:
    sums = Tally(
        attempts=5, starts=4, views=3, exits_before_start=1, failures_technical=2, failures_business=3,
        played_ms=95_000, rebuffer_ms=5_000, rebuffers=6, startup_ms=2_000, played_kbit=285_000,
        content_ms=96_900, latency_ms_s=171_000,
    )  # fmt: skip
    made = quality(sums)
    assert (made.startup_s, made.rebuffering_ratio, made.rebuffers_per_start) == (0.5, 0.05, 1.5)
    assert made.average_kbps == 3000
    assert (made.latency_s, made.playback_rate) == (1.8, 1.02)
    assert (made.failures_technical, made.failures_business, made.exits_before_start) == (2, 3, 1)
    assert quality(Tally()).rebuffering_ratio == 0
