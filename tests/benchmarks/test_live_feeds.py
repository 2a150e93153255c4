from __future__ import annotations

import pytest

from benchmarks.live_feeds import Row, between, delays, verdict
from transcoder.live.settings import LiveSettings

PAGE = """# TYPE channel_live_part_delay_seconds histogram
channel_live_part_delay_seconds_bucket{le="0.1"} 6
channel_live_part_delay_seconds_bucket{le="0.3"} 9
channel_live_part_delay_seconds_bucket{le="+Inf"} 10
channel_live_part_delay_seconds_count 10
channel_live_part_delay_seconds_sum 2
"""
INFINITE = float("inf")


def row(buckets: dict[float, float], *, feeds: int = 1, pixels: int = 1) -> Row:
    return Row(shape="720p50", feeds=feeds, pixels=pixels, cores=1, buckets=buckets)


def test_what_came_between_two_looks() -> None:
    found = row(between({0.1: 1, 0.3: 1, INFINITE: 2}, delays(PAGE)))
    assert found.parts == 8
    assert found.late == 0
    assert found.within(0.5) == 0.1
    assert row(delays(PAGE)).late == pytest.approx(0.1)
    assert row(delays(PAGE)).within(0.99) == INFINITE


def test_a_feed_of_which_nothing_came_was_late() -> None:
    assert row({0.3: 0, INFINITE: 0}).late == 1


def test_the_verdict_counts_what_was_in_time_and_what_would_have_been_let_in() -> None:
    much = LiveSettings().capacity * 1_000_000
    calm, late = {0.3: 100, INFINITE: 100}, {0.3: 50, INFINITE: 100}
    found = [row(calm, feeds=1, pixels=much), row(late, feeds=2, pixels=2 * much)]
    assert verdict(found).startswith("720p50: 1 in time (")
    assert " 1 admitted (CHANNEL_LIVE_CAPACITY: 60 million" in verdict(found)
