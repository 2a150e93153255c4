from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.sessions.model import (
    Counters,
    News,
    Stamped,
    interval_ms,
    lapse_ms,
    resume_at_ms,
    together,
    view_threshold_ms,
)

counters = st.builds(
    Counters,
    started=st.booleans(),
    played_ms=st.integers(0, 10**8),
    rebuffer_ms=st.integers(0, 10**8),
    rebuffers=st.integers(0, 10**4),
    startup_ms=st.integers(0, 10**6),
    played_kbit=st.integers(0, 10**11),
    content_ms=st.integers(0, 10**9),
    latency_ms_s=st.integers(0, 10**12),
    failed_technical=st.booleans(),
    failed_business=st.booleans(),
)
stamped = st.builds(Stamped, seq=st.integers(0, 50), value=st.integers(0, 10**7))
news = st.builds(
    News, counters=counters, position=stamped, paused=stamped, last_seq=st.integers(1, 50), end_seq=st.integers(0, 50)
)


@given(news, news, news)
def test_merging_knows_no_order_and_no_repetition(one: News, two: News, three: News) -> None:
    assert one | two == two | one
    assert (one | two) | three == one | (two | three)
    assert one | one == one
    assert News() | one == one


@pytest.mark.parametrize(
    ("duration_ms", "threshold_ms"),
    [(None, 10_000), (3_600_000, 10_000), (20_000, 10_000), (19_000, 9_500), (4_000, 2_000), (1, 1), (0, 1)],
)
def test_a_view_is_ten_seconds_or_half_of_a_short_content(duration_ms: int | None, threshold_ms: int) -> None:
    assert view_threshold_ms(duration_ms) == threshold_ms


@pytest.mark.parametrize(
    ("age_ms", "backoff", "expected"),
    [(0, 1, 10_000), (59_999, 1, 10_000), (60_000, 1, 30_000), (0, 2.5, 25_000), (600_000, 4, 120_000)],
)
def test_heartbeats_are_frequent_in_the_first_minute(age_ms: int, backoff: float, expected: int) -> None:
    assert interval_ms(age_ms, first_ms=10_000, then_ms=30_000, backoff=backoff) == expected


def test_a_session_lives_two_and_a_half_intervals() -> None:
    assert lapse_ms(10_000) == 25_000
    assert lapse_ms(30_000) == 75_000


@pytest.mark.parametrize(
    ("position_s", "duration_s", "resume_s"),
    [
        (150, 299, 0),  # a highlight
        (150, 300, 150),
        (14, 300, 0),  # hardly begun
        (15, 300, 15),
        (270, 300, 270),
        (271, 300, 0),  # as good as seen
        (4000, 7200, 4000),
        (9000, 7200, 0),
        (100, None, 0),  # live, or not known yet
    ],
)
def test_where_to_resume(position_s: int, duration_s: int | None, resume_s: int) -> None:
    duration_ms = None if duration_s is None else duration_s * 1000
    assert resume_at_ms(position_s * 1000, duration_ms) == resume_s * 1000


def test_nobody_plays_longer_than_time_has_passed() -> None:
    claimed = Counters(
        started=True,
        played_ms=10**7,
        rebuffer_ms=10**7,
        rebuffers=10**6,
        startup_ms=10**7,
        played_kbit=10**12,
        content_ms=10**9,
        latency_ms_s=10**13,
    )
    believed = claimed.within(10_000, max_rate=2.0, slack_ms=2_000)
    assert believed == Counters(
        started=True,
        played_ms=22_000,
        rebuffer_ms=12_000,
        rebuffers=48,
        startup_ms=12_000,
        played_kbit=4_400_000,
        content_ms=88_000,
        latency_ms_s=22_000 * 86_400,
    )
    assert believed.within(10_000, max_rate=2.0, slack_ms=2_000) == believed
    assert Counters(played_ms=5_000).within(-3_000, max_rate=2.0, slack_ms=2_000).played_ms == 2_000


def test_what_is_numbered_behind_the_end_is_left_out() -> None:
    def report(seq: int, end: bool = False) -> News:
        return News(counters=Counters(played_ms=seq), last_seq=seq, end_seq=seq if end else 0)

    merged = together([report(9), report(3, end=True), report(1)])
    assert (merged.counters.played_ms, merged.last_seq, merged.end_seq) == (3, 3, 3)
