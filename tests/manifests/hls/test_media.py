from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests import hls
from manifests.hls import (
    ByteRange,
    Key,
    Map,
    MediaPlaylist,
    Part,
    PlaylistError,
    PreloadHint,
    RenditionReport,
    Segment,
    ServerControl,
    date_time,
)
from manifests.hls.media import target_duration

uris = st.from_regex(r"[a-z0-9/._?=&%~-]{1,20}", fullmatch=True)
durations = st.integers(min_value=0, max_value=20 * 10**6).map(lambda micros: Fraction(micros, 10**6))
ranges = st.builds(ByteRange, start=st.integers(0, 2**50), length=st.integers(1, 2**40))
keys = st.builds(
    Key,
    method=st.sampled_from(["AES-128", "SAMPLE-AES", "SAMPLE-AES-CTR"]),
    uri=uris,
    iv=st.binary(min_size=16, max_size=16),
    keyformat=st.sampled_from(["identity", "urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed", "com.apple.streamingkey"]),
    keyformat_versions=st.lists(st.integers(1, 9), max_size=3).map(tuple),
)
together = st.one_of(
    st.just((Key(method="NONE"),)),
    st.lists(keys, max_size=3, unique_by=lambda key: key.keyformat).map(tuple),
)


parts = st.builds(
    Part,
    uri=uris,
    duration=st.integers(272_000, 320_000).map(lambda micros: Fraction(micros, 10**6)),
    independent=st.booleans(),
    byte_range=st.none() | ranges,
    gap=st.booleans(),
)


@st.composite
def playlists(draw: st.DrawFn) -> MediaPlaylist:
    iframes_only = draw(st.booleans())
    listed = st.builds(
        Segment,
        uri=uris,
        duration=durations,
        byte_range=st.none() | ranges,
        keys=together,
        discontinuity=st.booleans(),
        program_date_time=st.none() | st.integers(0, 2**41).map(date_time.from_ms),
        listed=st.just(()) if iframes_only else st.lists(parts, max_size=3).map(tuple),
        gap=st.booleans(),
    )
    target = 20 + draw(st.integers(0, 2))
    segments = tuple(draw(st.lists(listed, max_size=8)))
    section = draw(st.none() | st.builds(Map, uri=uris, byte_range=st.none() | ranges))
    return MediaPlaylist(
        version=draw(st.integers(min_value=6, max_value=12)),
        target_duration=target,
        media_sequence=draw(st.integers(0, 2**40)),
        playlist_type=draw(st.sampled_from([None, "VOD", "EVENT"])),
        iframes_only=iframes_only,
        independent_segments=draw(st.booleans()),
        start=draw(st.none() | durations),
        discontinuity_sequence=draw(st.none() | st.integers(0, 2**40)),
        server_control=ServerControl(can_block_reload=True, part_hold_back=Fraction(1)),
        part_target=None if iframes_only else Fraction(32, 100),
        preload_hints=draw(
            st.just(())
            if iframes_only
            else st.sampled_from([(), (PreloadHint(type="PART", uri="a"), PreloadHint(type="MAP", uri="b"))])
        ),
        rendition_reports=draw(st.sampled_from([(), (RenditionReport(uri="../a", last_msn=1, last_part=0),)])),
        map=section,
        init_keys=() if section is None else draw(together),
        segments=segments,
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


I_FRAMES = """#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-I-FRAMES-ONLY
#EXT-X-KEY:METHOD=SAMPLE-AES,URI="key?1",IV=0x000102030405060708090A0B0C0D0E0F,KEYFORMAT="identity",KEYFORMATVERSIONS="1/2"
#EXT-X-MAP:URI="init.mp4",BYTERANGE="800@0"
#EXTINF:2,
#EXT-X-BYTERANGE:5000@24
0.m4s
#EXTINF:2,
#EXT-X-BYTERANGE:4000@90000
0.m4s
#EXT-X-KEY:METHOD=NONE
#EXTINF:1.5,
#EXT-X-BYTERANGE:4500@24
1.m4s
#EXT-X-ENDLIST
"""


def test_i_frames_ranges_and_keys_both_ways() -> None:
    playlist = hls.parse(I_FRAMES)
    assert isinstance(playlist, MediaPlaylist)
    assert playlist.iframes_only
    assert playlist.map == Map(uri="init.mp4", byte_range=ByteRange(start=0, length=800))
    (key,) = playlist.init_keys
    assert key == Key(
        method="SAMPLE-AES", uri="key?1", iv=bytes(range(16)), keyformat="identity", keyformat_versions=(1, 2)
    )
    assert [each.byte_range for each in playlist.segments] == [
        ByteRange(start=24, length=5000),
        ByteRange(start=90000, length=4000),
        ByteRange(start=24, length=4500),
    ]
    assert [each.keys for each in playlist.segments] == [(), (), (Key(method="NONE"),)]
    assert playlist.render() == I_FRAMES


def test_a_range_that_does_not_say_where_it_begins_goes_on_from_the_one_before() -> None:
    shorter = I_FRAMES.replace("4000@90000", "4000")
    playlist = hls.parse(shorter)
    assert isinstance(playlist, MediaPlaylist)
    assert playlist.segments[1].byte_range == ByteRange(start=5024, length=4000)
    assert "4000@5024" in playlist.render()


def test_the_order_of_the_tags_of_a_segment_is_free() -> None:
    moved = I_FRAMES.replace("#EXTINF:2,\n#EXT-X-BYTERANGE:5000@24\n", "#EXT-X-BYTERANGE:5000@24\n#EXTINF:2,\n")
    assert moved != I_FRAMES
    assert hls.parse(moved) == hls.parse(I_FRAMES)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        # byte ranges (§4.4.4.2)
        ("5000@24", "5000"),
        ("5000@24", "0@24"),
        ("5000@24", "@24"),
        ("5000@24", "-1@24"),
        ("5000@24", "24@"),
        ("4500@24", "4500"),
        ("#EXT-X-BYTERANGE:5000@24", "#EXT-X-BYTERANGE:5000@24\n#EXT-X-BYTERANGE:5000@24"),
        ("#EXTINF:1.5,\n", ""),
        ("1.m4s\n", ""),
        ("800@0", "800"),
        # keys (§4.4.4.4)
        ("METHOD=SAMPLE-AES", "METHOD=AES"),
        ("METHOD=SAMPLE-AES,", ""),
        ('URI="key?1",', ""),
        ("IV=0x0001", "IV=0001"),
        ("IV=0x0001", "IV=0xFF0001"),
        ("IV=0x0001", "IV=0xg001"),
        ('"1/2"', '"1/0"'),
        ('"1/2"', '"1,2"'),
        ("METHOD=NONE", 'METHOD=NONE,URI="x"'),
        ("#EXT-X-KEY:METHOD=NONE", "#EXT-X-KEY:METHOD=NONE\n#EXT-X-KEY:METHOD=NONE"),
        ("#EXT-X-KEY:METHOD=NONE", '#EXT-X-KEY:METHOD=NONE\n#EXT-X-KEY:METHOD=AES-128,URI="x",KEYFORMAT="y"'),
        ("#EXT-X-ENDLIST", "#EXT-X-KEY:METHOD=NONE\n#EXT-X-ENDLIST"),
        # an encrypted init section needs an initialization vector (§4.4.4.5)
        ('METHOD=SAMPLE-AES,URI="key?1",IV=0x000102030405060708090A0B0C0D0E0F', 'METHOD=AES-128,URI="key?1"'),
        ("I-FRAMES-ONLY", "I-FRAMES-ONLY:YES"),
        ("#EXT-X-VERSION:6", "#EXT-X-VERSION:4"),
    ],
)
def test_what_breaks_a_rule_of_ranges_or_keys_is_refused(old: str, new: str) -> None:
    assert old in I_FRAMES
    with pytest.raises(PlaylistError):
        hls.parse(I_FRAMES.replace(old, new, 1))


@pytest.mark.parametrize(
    ("playlist", "version"),
    [
        (MediaPlaylist(version=0, target_duration=1, iframes_only=True, map=Map(uri="i")), 5),
        (MediaPlaylist(version=0, target_duration=1, map=Map(uri="i")), 6),
        (
            MediaPlaylist(
                version=0,
                target_duration=1,
                segments=(Segment(uri="a", duration=Fraction(1), byte_range=ByteRange(start=0, length=1)),),
            ),
            4,
        ),
        (
            MediaPlaylist(
                version=0,
                target_duration=1,
                segments=(
                    Segment(uri="a", duration=Fraction(1), keys=(Key(method="AES-128", uri="k", iv=bytes(16)),)),
                ),
            ),
            2,
        ),
    ],
)
def test_the_version_that_each_tag_needs(playlist: MediaPlaylist, version: int) -> None:
    replace(playlist, version=version).render()
    with pytest.raises(PlaylistError, match=f"must be {version} or more"):
        replace(playlist, version=version - 1).render()


def test_keys_of_an_init_section_need_one() -> None:
    with pytest.raises(PlaylistError, match="not there"):
        MediaPlaylist(version=6, target_duration=1, init_keys=(Key(method="NONE"),)).render()
