from __future__ import annotations

import pytest

from manifests import hls
from manifests.hls import MediaPlaylist, PlaylistError, SegmentHead

GOOD = """#EXTM3U
#EXT-X-VERSION:10
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12,CAN-SKIP-DATERANGES=YES,HOLD-BACK=6,PART-HOLD-BACK=0.96
#EXT-X-PART-INF:PART-TARGET=0.32
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-DISCONTINUITY-SEQUENCE:1
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI="init-1.mp4"
#EXT-X-DATERANGE:ID="before",START-DATE="2026-11-22T07:59:00.000Z",CUE="ONCE"
#EXT-X-PROGRAM-DATE-TIME:2026-11-22T08:00:00.000Z
#EXTINF:1.92,
7.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-11-22T08:00:01.920Z
#EXT-X-PART:DURATION=0.32,URI="8-0.m4s",GAP=YES
#EXT-X-GAP
#EXTINF:0.32,
8.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="init-2.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-22T08:00:02.240Z
#EXT-X-PART:DURATION=0.32,URI="9-0.m4s",INDEPENDENT=YES
#EXT-X-DATERANGE:ID="a",START-DATE="2026-11-22T08:00:02.500Z",DURATION=3
#EXT-X-PART:DURATION=0.32,URI="9-1.m4s"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="9-2.m4s"
#EXT-X-PRELOAD-HINT:TYPE=MAP,URI="init-3.mp4"
#EXT-X-RENDITION-REPORT:URI="../a/index.m3u8",LAST-MSN=9,LAST-PART=1
"""
DELTA = GOOD.replace(
    '#EXT-X-MAP:URI="init-1.mp4"\n', '#EXT-X-SKIP:SKIPPED-SEGMENTS=4,RECENTLY-REMOVED-DATERANGES="x\ty"\n'
)


@pytest.mark.parametrize("text", [GOOD, DELTA])
def test_both_ways(text: str) -> None:
    playlist = hls.parse(text)
    assert isinstance(playlist, MediaPlaylist)
    assert playlist.render() == text


def test_a_segment_that_grows_is_a_head() -> None:
    playlist = hls.parse(GOOD)
    assert isinstance(playlist, MediaPlaylist)
    assert isinstance(playlist.growing, SegmentHead)
    assert playlist.growing.discontinuity
    assert [each.uri for each in playlist.growing.parts] == ["9-0.m4s", "9-1.m4s"]
    assert [each.id for each in playlist.growing.date_ranges] == ["a"]
    assert playlist.segments[1].gap
    assert [each.id for each in playlist.segments[0].before] == ["before"]


IFRAMES = """#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,HOLD-BACK=6,PART-HOLD-BACK=0.96
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-I-FRAMES-ONLY
#EXT-X-MAP:URI="init-1.mp4"
#EXTINF:1.92,
#EXT-X-BYTERANGE:900@0
7.m4s
#EXT-X-RENDITION-REPORT:URI="index.m3u8",LAST-MSN=8,LAST-PART=1
#EXT-X-RENDITION-REPORT:URI="../a/iframes.m3u8",LAST-MSN=7
"""


@pytest.mark.parametrize(
    ("behind", "line"),
    [
        ("#EXT-X-SERVER-CONTROL", "#EXT-X-PART-INF:PART-TARGET=0.32"),
        ("7.m4s", '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="8.0.m4s"'),
    ],
)
def test_i_frames_have_no_parts(behind: str, line: str) -> None:
    playlist = hls.parse(IFRAMES)
    assert isinstance(playlist, MediaPlaylist)
    assert playlist.render() == IFRAMES
    lines = IFRAMES.splitlines()
    place = next(place for place, each in enumerate(lines) if each.startswith(behind))
    with pytest.raises(PlaylistError, match="no place among I-frames"):
        hls.parse("\n".join([*lines[: place + 1], line, *lines[place + 1 :], ""]))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("#EXT-X-PART-INF:PART-TARGET=0.32\n", "", "needs EXT-X-PART-INF"),
        ("PART-TARGET=0.32", "PART-TARGET=0.31", "above PART-TARGET"),
        ("PART-HOLD-BACK=0.96", "PART-HOLD-BACK=0.6", "twice PART-TARGET"),
        (",PART-HOLD-BACK=0.96", "", "twice PART-TARGET"),
        ("CAN-SKIP-UNTIL=12", "CAN-SKIP-UNTIL=6", "six times"),
        ("#EXT-X-INDEPENDENT-SEGMENTS", "#EXT-X-I-FRAMES-ONLY", "no place among I-frames"),
        ("TYPE=MAP", "TYPE=PART", "one of each TYPE"),
        ("#EXT-X-RENDITION-REPORT", "#EXT-X-ENDLIST\n#EXT-X-RENDITION-REPORT", "nothing comes|ends no more"),
        ("VERSION:10", "VERSION:5", "must be 6"),
        ("#EXT-X-GAP", "#EXT-X-GAP:YES", "no value"),
        ("#EXT-X-DISCONTINUITY\n", "#EXT-X-DISCONTINUITY:1\n", "no value"),
        ("#EXT-X-DISCONTINUITY\n", "#EXT-X-DISCONTINUITY\n#EXT-X-DISCONTINUITY\n", "twice"),
        ("02.240Z", "02.240", "no date"),
        ("#EXT-X-SERVER-CONTROL:", "#EXT-X-SERVER-CONTROLS:", "not known"),
        ("7.m4s\n", "7.m4s\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n", "before the first segment|twice"),
        ("7.m4s\n", "7.m4s\n#EXT-X-SKIP:SKIPPED-SEGMENTS=1\n", "before the first segment"),
    ],
)
def test_what_breaks_a_rule_is_refused(old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(PlaylistError, match=message):
        hls.parse(GOOD.replace(old, new, 1))


def test_dates_of_ranges_need_dates_of_segments() -> None:
    without = "\n".join(line for line in GOOD.split("\n") if "PROGRAM-DATE-TIME" not in line)
    with pytest.raises(PlaylistError, match="needs EXT-X-PROGRAM-DATE-TIME"):
        hls.parse(without)


def test_date_ranges_may_stand_behind_the_last_segment() -> None:
    ended = GOOD[: GOOD.index("#EXT-X-DISCONTINUITY\n")] + (
        '#EXT-X-DATERANGE:ID="a",START-DATE="2026-11-22T08:00:02.500Z"\n#EXT-X-ENDLIST\n'
    )
    playlist = hls.parse(ended)
    assert isinstance(playlist, MediaPlaylist)
    assert playlist.render() == ended
    with pytest.raises(PlaylistError, match="belong to no URI"):
        hls.parse(ended.replace("#EXT-X-DATERANGE", "#EXT-X-DISCONTINUITY\n#EXT-X-DATERANGE"))


def test_a_delta_update_needs_its_version() -> None:
    with pytest.raises(PlaylistError, match="must be 10"):
        hls.parse(DELTA.replace("VERSION:10", "VERSION:9"))
    v1 = DELTA.replace(',RECENTLY-REMOVED-DATERANGES="x\ty"', "")
    with pytest.raises(PlaylistError, match="must be 9"):
        hls.parse(v1.replace("VERSION:10", "VERSION:8"))
