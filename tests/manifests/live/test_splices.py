from __future__ import annotations

import base64
from datetime import timedelta
from fractions import Fraction

from manifests.hls import DateRange, date_time
from manifests.live import change, dash
from manifests.live.splices import with_splices
from tests.manifests.live.paces import DAWN, later
from tests.manifests.live.test_dash import SEGMENT_S, SOUND, at, tracks
from tests.mpd_rules import faults

OUT, BACK, COMMAND = b"\xfcout", b"\xfcin", b"\xfccmd"
BEGIN = date_time.from_ms(DAWN)


def test_each_splice_is_in_the_period_that_it_falls_into() -> None:
    video, sound = (change.discontinue(at(pace, 12), init="init-2.mp4", now_ms=DAWN) for pace in (at().pace, SOUND))
    plain = dash.mpd(tracks(later(video, 12), later(sound, 12)), now_ms=DAWN + 9000)
    assert [period.start for period in plain.periods] == [0, 2 * SEGMENT_S]
    late = timedelta(milliseconds=int(2000 * SEGMENT_S) + 500)
    begin = plain.origin
    found = with_splices(
        plain,
        [
            DateRange(id="b", start=begin + timedelta(seconds=1), planned_duration=Fraction(9), scte35_out=OUT),
            DateRange(id="b", start=begin + timedelta(seconds=1), duration=Fraction(7, 2), scte35_in=BACK),
            DateRange(id="chapter", start=begin + late, scte35_cmd=COMMAND),
            DateRange(id="goal", start=begin + late),
            DateRange(id="long ago", start=begin - timedelta(seconds=1), scte35_cmd=COMMAND),
        ],
    )
    first, second = found.periods
    assert [(event.at_ms, event.duration_ms, event.section) for event in first.events] == [(1000, 3500, OUT)]
    in_ms = 4500 - int(2000 * SEGMENT_S)
    assert [(event.at_ms, event.duration_ms, event.section) for event in second.events] == [
        (500, None, COMMAND),
        (in_ms, 0, BACK),
    ]
    text = found.render()
    assert faults(text) == []
    assert f"<Binary>{base64.b64encode(OUT).decode()}</Binary>" in text


def test_without_splices_nothing_is_said() -> None:
    plain = dash.mpd(tracks(at(parts=12), at(SOUND, parts=12)), now_ms=DAWN + 9000)
    assert with_splices(plain, [DateRange(id="goal", start=BEGIN)]) is plain
    assert "EventStream" not in plain.render()
