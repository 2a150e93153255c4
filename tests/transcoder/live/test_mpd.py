from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from manifests.errors import LiveError
from manifests.live import change
from tests.mpd_rules import faults
from tests.transcoder.live import feeds
from transcoder.live.mpd import live_mpd, low_latency_mpd
from transcoder.live.packager import pace_of

if TYPE_CHECKING:
    from manifests.live.state import LiveRendition

EVENT = feeds.event(rate=50)
FIRST = 935_070_981
NOW = FIRST * EVENT.grid.segment_ms


def states(parts: int) -> dict[str, LiveRendition]:
    return {rendition: _state(rendition, parts) for rendition in EVENT.renditions}


def _state(rendition: str, parts: int) -> LiveRendition:
    pace = pace_of(EVENT, rendition)
    state = change.begin(pace=pace, number=FIRST, init="init-a.mp4")
    for number in range(parts):
        state = change.add_part(state, duration=pace.part, size=1, now_ms=NOW, pdt_ms=NOW)
        if number % pace.parts == pace.parts - 1:
            state = change.end_segment(state, now_ms=NOW)
    return state


def test_it_lists_what_hls_lists() -> None:
    mpd = live_mpd(EVENT, states(13), now_ms=NOW)
    assert faults(mpd.render()) == []
    (period,) = mpd.periods
    pictures, sound = period.sets
    assert [each.id for each in pictures.representations] == [rung.id for rung in EVENT.rungs]
    assert {each.frame_rate for each in pictures.representations} == {
        Fraction(50, rung.divisor) for rung in EVENT.rungs
    }
    assert [each.id for each in sound.representations] == [EVENT.sound.id]
    assert {template.number for each in period.sets for template in each.templates()} == {FIRST}
    assert {len(template.durations) for each in period.sets for template in each.templates()} == {2}
    assert mpd.end == 2 * EVENT.grid.segment_s


def test_it_is_there_with_the_first_segment() -> None:
    with pytest.raises(LiveError, match="whole"):
        live_mpd(EVENT, states(5), now_ms=NOW)


def test_for_low_latency_it_is_there_with_the_first_part() -> None:
    mpd = low_latency_mpd(EVENT, states(1), clock_url="../time")
    assert faults(mpd.render()) == []
    (period,) = mpd.periods
    assert [len(each.representations) for each in period.sets] == [len(EVENT.rungs), 1]
    assert {template.number for each in period.sets for template in each.templates()} == {FIRST}
    with pytest.raises(LiveError, match="nothing"):
        low_latency_mpd(EVENT, states(0), clock_url="../time")
