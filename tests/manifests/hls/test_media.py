from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests import hls
from manifests.hls import Map, MediaPlaylist, PlaylistError, Segment
from manifests.hls.media import target_duration

uris = st.from_regex(r"[a-z0-9/._?=&%~-]{1,20}", fullmatch=True)
durations = st.integers(min_value=0, max_value=20 * 10**6).map(lambda micros: Fraction(micros, 10**6))


@st.composite
def playlists(draw: st.DrawFn) -> MediaPlaylist:
    segments = tuple(draw(st.lists(st.builds(Segment, uri=uris, duration=durations), max_size=8)))
    return MediaPlaylist(
        version=draw(st.integers(min_value=6, max_value=12)),
        target_duration=target_duration(each.duration for each in segments) + draw(st.integers(0, 2)),
        media_sequence=draw(st.integers(0, 2**40)),
        playlist_type=draw(st.sampled_from([None, "VOD", "EVENT"])),
        independent_segments=draw(st.booleans()),
        start=draw(st.none() | durations),
        map=draw(st.none() | st.builds(Map, uri=uris)),
        segments=segments,
        ended=draw(st.booleans()),
    )


@given(playlists())
def test_parse_is_the_inverse_of_render(playlist: MediaPlaylist) -> None:
    assert hls.parse(playlist.render()) == playlist


GOOD = """#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI="init.mp4"
#EXTINF:4.004,
0.m4s
#EXTINF:1.5,
1.m4s
#EXT-X-ENDLIST
"""


def test_render_is_the_inverse_of_parse() -> None:
    playlist = hls.parse(GOOD)
    assert isinstance(playlist, MediaPlaylist)
    assert playlist.segments[0] == Segment(uri="0.m4s", duration=Fraction(1001, 250))
    assert playlist.render() == GOOD


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("#EXT-X-TARGETDURATION:4\n", ""),
        ("#EXT-X-TARGETDURATION:4", "#EXT-X-TARGETDURATION:3"),
        ("#EXT-X-TARGETDURATION:4", "#EXT-X-TARGETDURATION:4.0"),
        ("#EXT-X-TARGETDURATION:4", "#EXT-X-TARGETDURATION:4\n#EXT-X-TARGETDURATION:4"),
        ("#EXT-X-VERSION:6", "#EXT-X-VERSION:5"),
        ("#EXT-X-VERSION:6\n", ""),
        ("PLAYLIST-TYPE:VOD", "PLAYLIST-TYPE:LIVE"),
        ("INDEPENDENT-SEGMENTS", "INDEPENDENT-SEGMENTS:YES"),
        ("#EXTINF:4.004,\n", ""),
        ("0.m4s\n", ""),
        ("1.m4s\n#EXT-X-ENDLIST\n", ""),
        ("#EXTINF:4.004,", "#EXTINF:4.004"),
        ("#EXTINF:4.004,", "#EXTINF:4.004,title"),
        ("#EXTINF:4.004,", "#EXTINF:4.0040001,"),
        ("#EXTINF:4.004,", "#EXTINF:-4,"),
        ('#EXT-X-MAP:URI="init.mp4"', "#EXT-X-MAP:URI=init.mp4"),
        ("#EXT-X-ENDLIST", '#EXT-X-MAP:URI="other.mp4"\n#EXT-X-ENDLIST'),
        ("#EXT-X-ENDLIST", "#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-ENDLIST"),
        ("#EXT-X-ENDLIST", "#EXT-X-DISCONTINUTY\n#EXT-X-ENDLIST"),
        ("#EXT-X-ENDLIST", "#EXT-X-STREAM-INF:BANDWIDTH=1\nv.m3u8\n#EXT-X-ENDLIST"),
    ],
)
def test_what_breaks_a_rule_is_refused(old: str, new: str) -> None:
    assert old in GOOD
    with pytest.raises(PlaylistError):
        hls.parse(GOOD.replace(old, new, 1))


@pytest.mark.parametrize(
    ("durations_s", "expected"),
    [
        ([], 1),
        ([Fraction(1, 10)], 1),
        ([Fraction(4499, 1000)], 4),
        ([Fraction(9, 2)], 5),
        ([Fraction(1), Fraction(7)], 7),
    ],
)
def test_target_duration_is_the_rounded_longest(durations_s: list[Fraction], expected: int) -> None:
    assert target_duration(durations_s) == expected


def test_decimal_durations_need_version_3() -> None:
    whole = Segment(uri="a", duration=Fraction(1))
    assert "#EXTINF:1," in MediaPlaylist(version=1, target_duration=1, segments=(whole,)).render()
    broken = Segment(uri="a", duration=Fraction(1, 2))
    with pytest.raises(PlaylistError, match="must be 3"):
        MediaPlaylist(version=2, target_duration=1, segments=(broken,)).render()
    with pytest.raises(PlaylistError, match="no exact decimal form"):
        MediaPlaylist(version=3, target_duration=1, segments=(Segment(uri="a", duration=Fraction(1, 3)),)).render()
