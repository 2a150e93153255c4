from __future__ import annotations

from transcoder.sources.ahead import Ahead
from transcoder.sources.blocks import BLOCK, RUN


def test_who_jumps_about_gets_what_he_asks_for() -> None:
    ahead = Ahead()
    assert all(ahead.wanted(place, 1000) is None for place in (0, 90_000_000, 5_000_000, 70_000_000, 2000))


def test_who_goes_straight_on_never_reads_what_was_not_asked_for_before() -> None:
    ahead, fetched, reach, lengths = Ahead(), 0, [], []
    for offset in range(0, 400 * BLOCK, BLOCK):
        span = ahead.wanted(offset, BLOCK)
        if span is not None:
            start, end = span
            assert start in (fetched, offset + BLOCK), "without a gap, and not twice"
            fetched = end
            reach.append(end - offset)
            lengths.append(end - start)
        assert offset < 2 * BLOCK or fetched >= offset + 2 * BLOCK
    assert max(reach) <= 5 * RUN * BLOCK + BLOCK, "bounded"
    assert {length % (RUN * BLOCK) for length in lengths[-5:]} == {0}, "in whole requests"


def test_a_short_skip_forward_is_going_straight_on_and_a_jump_is_not() -> None:
    ahead = Ahead()
    for place in range(4):
        ahead.wanted(place * 2 * BLOCK, BLOCK)
    span = ahead.wanted(40 * BLOCK, BLOCK)
    assert span is None
    assert ahead.wanted(41 * BLOCK, BLOCK) is not None
