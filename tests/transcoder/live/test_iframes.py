from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING

import pytest

from manifests.live import change
from tests.transcoder.live import feeds
from transcoder.live.iframes import iframe_variants, shown_in_trick_play
from transcoder.live.multivariant import multivariant
from transcoder.live.packager import pace_of

if TYPE_CHECKING:
    from manifests.live.state import LiveRendition
    from transcoder.live.event import LiveEvent

EVENT = feeds.event()
LOW, HIGH = (rung.id for rung in EVENT.rungs)


def shown(*pictures: int, ended: bool = False) -> LiveRendition:
    """A segment for each of these sizes, of a picture."""
    pace = pace_of(EVENT, LOW)
    state = change.begin(pace=pace, number=7, init="init-1.mp4")
    for size in pictures:
        for place in range(pace.parts):
            state = change.add_part(
                state, duration=pace.part, size=9_000, now_ms=0, pdt_ms=0, independent=not place, picture=size
            )  # fmt: skip
        state = change.end_segment(state, now_ms=0)
    return change.end(state, now_ms=0) if ended else state


def rates(event: LiveEvent, state: LiveRendition | None) -> tuple[int, int | None]:
    found = iframe_variants(event, {} if state is None else {LOW: state})
    (low,) = (each for each in found if each.uri.startswith(LOW))
    return low.bandwidth, low.average_bandwidth


def test_the_lowest_rung_and_the_middle_one_have_them() -> None:
    assert shown_in_trick_play(EVENT) == (LOW, HIGH)
    three = replace(EVENT, rungs=(*EVENT.rungs, replace(EVENT.rungs[-1], bandwidth=10**7)))
    assert shown_in_trick_play(three) == (LOW, HIGH)
    found = multivariant(EVENT, {})
    assert [each.uri for each in found.iframe_variants] == [f"{LOW}/iframes.m3u8", f"{HIGH}/iframes.m3u8"]
    for iframes, rung in zip(found.iframe_variants, EVENT.rungs, strict=True):
        assert iframes.codecs == (rung.codecs,)
        assert iframes.resolution is not None
        assert (iframes.resolution.width, iframes.resolution.height) == (rung.width, rung.height)


@pytest.mark.parametrize("pictures", [None, (), (100,), (1000,) * 29])
def test_before_a_minute_is_over_rates_are_those_that_are_never_passed(pictures: tuple[int, ...] | None) -> None:
    low = EVENT.rungs[0]
    peak, average = rates(EVENT, None if pictures is None else shown(*pictures))
    assert low.bufsize / 1.92 < peak < low.bufsize / 1.92 + 5000
    assert peak <= low.bandwidth
    assert average == min(peak, low.average)


def test_then_the_average_is_measured_and_the_peak_is_one_that_is_never_passed() -> None:
    before, _ = rates(EVENT, None)
    assert rates(EVENT, shown(*(1000, 2000) * 15)) == (before, ceil(8 * 1500 / 1.92))
    assert rates(EVENT, shown(*(9000,) * 40, *(1000, 2000) * 150)) == (before, ceil(8 * 1500 / 1.92)), "of late"
    much = before  # bytes of a picture: more than the encoder was allowed
    assert rates(EVENT, shown(*(much,) * 30)) == (ceil(8 * much / 1.92),) * 2


def test_of_what_is_over_both_are_measured() -> None:
    assert rates(EVENT, shown(1000, 3000, 2000, ended=True)) == (ceil(8 * 3000 / 1.92), ceil(8 * 2000 / 1.92))
    missing = change.add_gap(shown(1000), now_ms=0)
    assert rates(EVENT, change.end(missing, now_ms=0)) == (ceil(8 * 1000 / 1.92),) * 2, "a gap has no picture"
