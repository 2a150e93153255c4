from __future__ import annotations

from fractions import Fraction

import pytest

from manifests.dash import AdaptationSet, Representation
from manifests.errors import LiveError
from manifests.live import change, dash
from manifests.live.dash import Track
from manifests.live.state import LiveRendition, Pace
from tests.manifests.live.paces import DAWN, VIDEO, begun, later
from tests.manifests.live.programs import node
from tests.mpd_rules import faults

SOUND = Pace(timescale=48_000, part=15 * 1024, parts=6, target_duration=2)
SEGMENT_S = Fraction(192, 100)
FIRST = DAWN // 1920
"""The segment of the epoch in which day breaks."""
PICTURES = AdaptationSet(id=1, content_type="video", mime_type="video/mp4", representations=())
SOUNDS = AdaptationSet(id=2, content_type="audio", mime_type="audio/mp4", representations=())


def tracks(video: LiveRendition, sound: LiveRendition, *, small: LiveRendition | None = None) -> list[Track]:
    found = [
        Track(group=PICTURES, representation=_representation("v720-1", "avc1.64001f"), state=video),
        Track(group=SOUNDS, representation=_representation("a128-1", "mp4a.40.2"), state=sound),
    ]
    if small is not None:
        rung = Track(group=PICTURES, representation=_representation("v360-1", "avc1.64001e"), state=small)
        found.insert(0, rung)
    return found


def _representation(name: str, codecs: str) -> Representation:
    return Representation(id=name, bandwidth=1000, codecs=codecs)


def at(pace: Pace = VIDEO, parts: int = 0, *, window_s: int | None = None) -> LiveRendition:
    return later(begun(pace, number=FIRST, window_s=window_s), parts)


GOLDEN = f"""<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" \
profiles="urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019" type="dynamic" \
availabilityStartTime="2026-11-22T08:00:00.000Z" publishTime="2026-11-22T08:00:04.480Z" minimumUpdatePeriod="PT1.92S" \
timeShiftBufferDepth="PT12S" suggestedPresentationDelay="PT6S" minBufferTime="PT2S" maxSegmentDuration="PT1.92S">
  <Period id="{FIRST}" start="PT0S">
    <AdaptationSet id="1" contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1">
      <Representation id="v720-1" bandwidth="1000" codecs="avc1.64001f">
        <SegmentTemplate timescale="90000" presentationTimeOffset="{FIRST * 172_800}" startNumber="{FIRST}" \
initialization="v720-1/init-1.mp4" media="$RepresentationID$/$Number$.m4s">
          <SegmentTimeline>
            <S t="{FIRST * 172_800}" d="172800" r="1" />
          </SegmentTimeline>
        </SegmentTemplate>
      </Representation>
    </AdaptationSet>
    <AdaptationSet id="2" contentType="audio" mimeType="audio/mp4" segmentAlignment="true" startWithSAP="1">
      <Representation id="a128-1" bandwidth="1000" codecs="mp4a.40.2">
        <SegmentTemplate timescale="48000" presentationTimeOffset="{FIRST * 92_160}" startNumber="{FIRST}" \
initialization="a128-1/init-1.mp4" media="$RepresentationID$/$Number$.m4s">
          <SegmentTimeline>
            <S t="{FIRST * 92_160}" d="92160" r="1" />
          </SegmentTimeline>
        </SegmentTemplate>
      </Representation>
    </AdaptationSet>
  </Period>
  <UTCTiming schemeIdUri="urn:mpeg:dash:utc:direct:2014" value="2026-11-22T08:00:05.000Z" />
</MPD>
"""


def test_golden() -> None:
    found = dash.mpd(tracks(at(parts=14, window_s=12), at(SOUND, 13)), now_ms=DAWN + 5000).render()
    assert found == GOLDEN
    assert faults(found) == []


def eventful(pace: Pace) -> LiveRendition:
    """Five segments, the last of them short; one that is missing; three more."""
    state = change.discontinue(at(pace, 6 * 4 + 2), now_ms=0)
    state = change.discontinue(change.add_gap(state, now_ms=0), init="init-2.mp4", now_ms=0)
    return later(state, 6 * 3)


def test_what_interrupts_ends_a_period_and_gaps_are_in_none() -> None:
    mpd = dash.mpd(tracks(eventful(VIDEO), eventful(SOUND), small=eventful(VIDEO)), now_ms=DAWN)
    assert faults(mpd.render()) == []
    assert [(period.id, period.start) for period in mpd.periods] == [
        (str(FIRST), 0),
        (str(FIRST + 6), 6 * SEGMENT_S),
    ]
    assert [period.duration for period in mpd.periods] == [4 * SEGMENT_S + SEGMENT_S / 3, None]
    ladder = mpd.periods[1].sets[0].representations
    assert [each.id for each in ladder] == ["v360-1", "v720-1"]
    assert [each.template.initialization for each in ladder if each.template] == [
        "v360-1/init-2.mp4",
        "v720-1/init-2.mp4",
    ]


def test_what_can_be_appended_stays_in_its_period() -> None:
    state = change.discontinue(at(parts=12), now_ms=0)  # a publisher is back
    (period,) = dash.mpd(tracks(later(state, 12), at(SOUND, 24)), now_ms=DAWN).periods
    assert (period.id, period.duration) == (str(FIRST), None)
    short = later(change.end_segment(at(parts=9), now_ms=0), 6)
    periods = dash.mpd(tracks(short, at(SOUND, 18)), now_ms=DAWN).periods
    assert [each.start for each in periods] == [0, 2 * SEGMENT_S]


PARSER = """
const { parse } = require("mpd-parser");
const text = JSON.parse(require("fs").readFileSync(0, "utf8"));
const found = parse(text, {manifestUri: "https://live.example/c/index.mpd"});
const seen = (one) => [one.uri, one.map.uri, one.presentationTime];
process.stdout.write(JSON.stringify(found.playlists.map((one) => [one.attributes.NAME, one.segments.map(seen)])));
"""


def test_mpd_parser_finds_every_segment_at_its_place() -> None:
    mpd = dash.mpd(tracks(eventful(VIDEO), eventful(SOUND), small=eventful(VIDEO)), now_ms=DAWN)
    numbers = [0, 1, 2, 3, 4, 6, 7, 8]
    assert node(["-e", PARSER], mpd.render()) == [
        [
            name,
            [
                [
                    f"{name}/{FIRST + n}.m4s",
                    f"{name}/init-{1 if n < 5 else 2}.mp4",
                    pytest.approx(1.92 * n),
                ]
                for n in numbers
            ],
        ]
        for name in ("v360-1", "v720-1")
    ]


def test_a_period_keeps_its_place_and_its_name_while_segments_leave_it() -> None:
    before = dash.mpd(tracks(at(parts=6 * 5, window_s=12), at(SOUND, 6 * 5, window_s=12)), now_ms=DAWN)
    after = dash.mpd(tracks(at(parts=6 * 50, window_s=12), at(SOUND, 6 * 50, window_s=12)), now_ms=DAWN)
    (one,), (other,) = before.periods, after.periods
    assert (one.id, one.start, before.origin) == (other.id, other.start, after.origin)
    template = other.sets[0].representations[0].template
    assert template is not None
    assert template.offset == FIRST * 172_800
    assert (template.number, template.begin) == (FIRST + 43, (FIRST + 43) * 172_800)
    assert faults(after.render()) == []


def test_an_event_that_has_ended_says_where() -> None:
    ended = [change.end(state, now_ms=0) for state in (at(parts=13), at(SOUND, 13))]
    mpd = dash.mpd(tracks(*ended), now_ms=DAWN)
    assert mpd.update is None
    assert mpd.end == 2 * SEGMENT_S + SEGMENT_S / 6
    assert 'mediaPresentationDuration="PT' in mpd.render()
    assert faults(mpd.render()) == []


def test_there_is_none_before_a_segment_is_whole() -> None:
    with pytest.raises(LiveError, match="whole"):
        dash.mpd(tracks(at(parts=3), at(SOUND, 3)), now_ms=DAWN)
