from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from manifests.dash import AdaptationSet, MpdError, Representation, SegmentTemplate
from manifests.dash.live_mpd import LiveMpd, Period, clock_of
from manifests.hls import date_time
from tests.mpd_rules import faults

TEMPLATE = SegmentTemplate(
    media="$RepresentationID$/$Number$.m4s", timescale=25, number=7, begin=350, offset=300, durations=(50, 50)
)
PICTURES = AdaptationSet(
    id=1, content_type="video", mime_type="video/mp4",
    representations=(Representation(id="v", bandwidth=1, codecs="avc1", template=TEMPLATE),),
)  # fmt: skip
FIRST = Period(id="6", start=Fraction(12), duration=Fraction(6), sets=(PICTURES,))
LAST = Period(id="9", start=Fraction(18), sets=(PICTURES,))
EPOCH = date_time.from_ms(0)
LIVE = LiveMpd(
    origin=EPOCH, published=EPOCH, clock=clock_of(EPOCH), update=Fraction(2), end=Fraction(22),
    delay=Fraction(6), min_buffer=Fraction(2), periods=(FIRST, LAST),
)  # fmt: skip


def test_it_keeps_to_the_standard() -> None:
    assert faults(LIVE.render()) == []
    assert faults(replace(LIVE, update=None, depth=Fraction(60)).render()) == []


@pytest.mark.parametrize(
    "broken",
    [
        replace(LIVE, periods=()),
        replace(LIVE, periods=(LAST, FIRST)),
        replace(LIVE, periods=(FIRST, replace(LAST, start=Fraction(17)))),
        replace(LIVE, periods=(FIRST, replace(LAST, id="6"))),
        replace(LIVE, periods=(replace(FIRST, sets=()),)),
        replace(LIVE, periods=(replace(FIRST, sets=(PICTURES, replace(PICTURES, id=2))),)),
        replace(LIVE, periods=(replace(FIRST, sets=(replace(PICTURES, template=TEMPLATE),)),)),
    ],
)
def test_what_breaks_a_rule_is_refused(broken: LiveMpd) -> None:
    with pytest.raises(MpdError):
        broken.render()


def test_no_segment_lies_before_its_period() -> None:
    with pytest.raises(MpdError, match="before its period"):
        replace(TEMPLATE, begin=299).check()
