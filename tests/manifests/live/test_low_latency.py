from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from manifests.errors import LiveError
from manifests.live import change, low_latency
from tests.manifests.live.paces import THIRDS, begun, later
from tests.manifests.live.programs import node
from tests.manifests.live.test_dash import FIRST, SEGMENT_S, SOUND, at, tracks
from tests.mpd_rules import faults

if TYPE_CHECKING:
    from manifests.live.state import LiveRendition

CLOCK = "../time"
UTC = f'<UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="{CLOCK}" />'
GOLDEN = f"""<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" \
profiles="urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019" type="dynamic" \
availabilityStartTime="2026-11-22T08:00:00.000Z" publishTime="2026-11-22T08:00:04.480Z" minimumUpdatePeriod="PT1.92S" \
timeShiftBufferDepth="PT12S" suggestedPresentationDelay="PT1.6S" minBufferTime="PT0.32S" maxSegmentDuration="PT1.92S">
  <ServiceDescription id="0">
    <Latency target="1600" max="3840" min="960" />
    <PlaybackRate max="1.1" min="0.95" />
  </ServiceDescription>
  <Period id="{FIRST}" start="PT0S">
    <AdaptationSet id="1" contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1">
      <Resync type="0" dT="28800" />
      <Representation id="v720-1" bandwidth="1000" codecs="avc1.64001f">
        <SegmentTemplate timescale="90000" presentationTimeOffset="{FIRST * 172_800}" duration="172800" \
startNumber="{FIRST}" availabilityTimeOffset="1.6" availabilityTimeComplete="false" \
initialization="v720-1/init-1.mp4" media="$RepresentationID$/$Number$.m4s" />
      </Representation>
    </AdaptationSet>
    <AdaptationSet id="2" contentType="audio" mimeType="audio/mp4" segmentAlignment="true" startWithSAP="1">
      <Resync type="1" dT="15360" />
      <Representation id="a128-1" bandwidth="1000" codecs="mp4a.40.2">
        <SegmentTemplate timescale="48000" presentationTimeOffset="{FIRST * 92_160}" duration="92160" \
startNumber="{FIRST}" availabilityTimeOffset="1.6" availabilityTimeComplete="false" \
initialization="a128-1/init-1.mp4" media="$RepresentationID$/$Number$.m4s" />
      </Representation>
    </AdaptationSet>
  </Period>
  {UTC}
</MPD>
"""


def told(video: LiveRendition, sound: LiveRendition) -> str:
    found = low_latency.mpd(tracks(video, sound), clock_url=CLOCK).render()
    assert faults(found) == []
    return found


def test_golden() -> None:
    assert told(at(parts=14, window_s=12), at(SOUND, 13)) == GOLDEN


def test_it_stays_the_same_while_segments_come_and_go() -> None:
    early, late = told(at(parts=1, window_s=12), at(SOUND, 1)), told(at(parts=200, window_s=12), at(SOUND, 199))
    when = 'publishTime="'
    assert early.partition(when)[2].partition('"')[2] == late.partition(when)[2].partition('"')[2]


def test_thirty_pictures_a_second() -> None:
    video, number = begun(THIRDS, number=FIRST), THIRDS.parts
    mpd = low_latency.mpd(tracks(later(video, number), later(video, number)), clock_url=CLOCK)
    assert mpd.service is not None
    assert (mpd.service.least_ms, mpd.service.target_ms, mpd.service.most_ms) == (1600, 2666, 6400)
    assert 'availabilityTimeOffset="2.666666"' in mpd.render()
    assert faults(mpd.render()) == []


def test_a_period_begins_with_the_segment_that_grows_once_all_tracks_have_it() -> None:
    video, sound = (change.discontinue(at(pace, 12), init="init-2.mp4", now_ms=0) for pace in (at().pace, SOUND))
    (period,) = low_latency.mpd(tracks(later(video, 1), sound), clock_url=CLOCK).periods
    assert (period.id, period.duration) == (str(FIRST), None)
    before, after = low_latency.mpd(tracks(later(video, 1), later(sound, 1)), clock_url=CLOCK).periods
    assert (before.duration, after.start, after.duration) == (2 * SEGMENT_S, 2 * SEGMENT_S, None)
    (template,) = after.sets[0].templates()
    assert template.initialization == "v720-1/init-2.mp4"
    assert (template.number, template.offset) == (FIRST + 2, (FIRST + 2) * 172_800)


def test_there_is_none_before_all_tracks_have_a_part() -> None:
    with pytest.raises(LiveError, match="nothing"):
        low_latency.mpd(tracks(at(parts=1), at(SOUND)), clock_url=CLOCK)


def test_an_event_that_has_ended_says_where() -> None:
    ended = told(*(change.end(state, now_ms=0) for state in (at(parts=13), at(SOUND, 13))))
    assert 'mediaPresentationDuration="PT4.16S"' in ended
    assert "minimumUpdatePeriod" not in ended


PARSER = """
const { parse } = require("mpd-parser");
const text = JSON.parse(require("fs").readFileSync(0, "utf8"));
const now = Date.UTC(2026, 10, 22, 8, 0, 9);
const found = parse(text, {manifestUri: "https://live.example/c/low-latency.mpd", NOW: now});
process.stdout.write(JSON.stringify(found.playlists[0].segments.map((one) => [one.uri, one.map.uri])));
"""


def test_mpd_parser_counts_on_the_clock() -> None:
    """Four segments have ended nine seconds after the first one began."""
    assert node(["-e", PARSER], told(at(parts=27, window_s=12), at(SOUND, 27))) == [
        [f"v720-1/{FIRST + place}.m4s", "v720-1/init-1.mp4"] for place in range(4)
    ]
