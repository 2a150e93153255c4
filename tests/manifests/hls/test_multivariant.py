from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests import hls
from manifests.hls import (
    ClosedCaptions,
    IFrameVariant,
    Key,
    MediaRendition,
    MultivariantPlaylist,
    PlaylistError,
    Resolution,
    Variant,
)
from manifests.hls.attributes import quotable

if TYPE_CHECKING:
    from manifests.hls.rendition import MediaType

uris = st.from_regex(r"[a-z0-9/._?=&%~-]{1,20}", fullmatch=True)
texts = st.text(max_size=20).map(quotable)
rates = st.integers(min_value=1, max_value=10**8)
optional = {
    "resolution": st.none() | st.builds(Resolution, width=st.integers(2, 8192), height=st.integers(2, 8192)),
    "video_range": st.sampled_from([None, "SDR", "HLG", "PQ"]),
}
codecs = st.lists(st.sampled_from(["avc1.640028", "mp4a.40.2", "hvc1.2.4.L123.B0"]), min_size=1, max_size=3).map(tuple)
milli = st.integers(1, 120_000).map(lambda value: Fraction(value, 1000))
identifiers = st.sampled_from(["public.accessibility.describes-video", "public.easy-to-read"])
session_keys = st.builds(
    Key,
    method=st.sampled_from(["AES-128", "SAMPLE-AES"]),
    uri=uris,
    iv=st.none() | st.binary(min_size=16, max_size=16),
    keyformat=st.none() | texts,
)


@st.composite
def alternatives(draw: st.DrawFn) -> tuple[MediaRendition, ...]:
    """A group of subtitles, or one of captions in the picture, or neither."""
    kinds: tuple[MediaType | None, ...] = ("SUBTITLES", "CLOSED-CAPTIONS", None)
    kind = draw(st.sampled_from(kinds))
    if kind is None:
        return ()
    return tuple(
        MediaRendition(
            type=kind,
            group="text",
            name=name,
            language=draw(st.none() | texts),
            assoc_language=draw(st.none() | texts),
            forced=kind == "SUBTITLES" and draw(st.booleans()),
            instream_id=draw(st.sampled_from(["CC1", "CC4", "SERVICE1", "SERVICE63"])) if kind != "SUBTITLES" else None,
            characteristics=draw(st.lists(identifiers, max_size=2).map(tuple)),
            uri=draw(uris) if kind == "SUBTITLES" else None,
        )
        for name in draw(st.lists(texts, min_size=1, max_size=3, unique=True))
    )


@st.composite
def playlists(draw: st.DrawFn) -> MultivariantPlaylist:
    names = draw(st.lists(texts, max_size=4, unique=True))
    default = draw(st.integers(-1, 4))
    renditions = tuple(
        MediaRendition(
            type="AUDIO",
            group="audio",
            name=name,
            language=draw(st.none() | texts),
            default=index == default,
            autoselect=index == default or draw(st.booleans()),
            channels=draw(st.sampled_from([None, "1", "2", "6"])),
            uri=draw(st.none() | uris),
        )
        for index, name in enumerate(names)
    )
    texts_of = draw(alternatives())
    kinds = {each.type for each in texts_of}
    scored = milli if draw(st.booleans()) else st.none()
    captions = st.just(draw(st.sampled_from([None, ClosedCaptions.NONE])))
    bandwidth = draw(rates)
    variant = st.builds(
        Variant,
        uri=uris,
        bandwidth=st.just(bandwidth),
        average_bandwidth=st.none() | st.integers(1, bandwidth),
        codecs=codecs,
        frame_rate=st.none() | milli,
        score=scored,
        audio=st.just("audio") if names else st.none(),
        subtitles=st.just("text") if "SUBTITLES" in kinds else st.none(),
        closed_captions=st.just("text") if "CLOSED-CAPTIONS" in kinds else captions,
        **optional,
    )
    iframe = st.builds(IFrameVariant, uri=uris, bandwidth=rates, codecs=codecs, score=scored, **optional)
    return MultivariantPlaylist(
        version=draw(st.integers(7, 12)),
        independent_segments=draw(st.booleans()),
        session_keys=tuple(draw(st.lists(session_keys, max_size=2, unique=True))),
        renditions=(*renditions, *texts_of),
        variants=tuple(draw(st.lists(variant, min_size=1, max_size=4))),
        iframe_variants=tuple(draw(st.lists(iframe, max_size=2))),
    )


@given(playlists())
def test_parse_is_the_inverse_of_render(playlist: MultivariantPlaylist) -> None:
    assert hls.parse(playlist.render()) == playlist


GOOD = """#EXTM3U
#EXT-X-VERSION:6
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="English",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="a1-1/index.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Deutsch",LANGUAGE="de",DEFAULT=NO,AUTOSELECT=YES,CHANNELS="2",URI="a2-1/index.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=2200000,AVERAGE-BANDWIDTH=2000000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=960x540,FRAME-RATE=29.970,AUDIO="audio"
v540-1/index.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=200000,CODECS="avc1.64001f",RESOLUTION=960x540,URI="v540-1/iframes.m3u8"
"""


def test_render_is_the_inverse_of_parse() -> None:
    playlist = hls.parse(GOOD)
    assert isinstance(playlist, MultivariantPlaylist)
    assert playlist.variants[0].resolution == Resolution(width=960, height=540)
    assert playlist.render() == GOOD


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("v540-1/index.m3u8\n", ""),
        ('AUDIO="audio"\n', 'AUDIO="other"\n'),
        ("AVERAGE-BANDWIDTH=2000000", "AVERAGE-BANDWIDTH=2200001"),
        ("BANDWIDTH=2200000,", ""),
        ('CODECS="avc1.64001f,mp4a.40.2",', ""),
        ('CODECS="avc1.64001f,mp4a.40.2"', 'CODECS="avc1.64001f,,mp4a.40.2"'),
        ("FRAME-RATE=29.970", "FRAME-RATE=29.97003"),
        ("FRAME-RATE=29.970", "FRAME-RATE=29.970,VIDEO-RANGE=HDR"),
        ("960x540", "960"),
        ('NAME="Deutsch"', 'NAME="English"'),
        ("DEFAULT=NO", "DEFAULT=YES"),
        ("AUTOSELECT=YES", "AUTOSELECT=NO"),
        ("TYPE=AUDIO", "TYPE=TEXT"),
        ("#EXT-X-INDEPENDENT-SEGMENTS", "#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-INDEPENDENT-SEGMENTS"),
        ("#EXT-X-INDEPENDENT-SEGMENTS", "#EXT-X-ENDLIST"),
        ("#EXT-X-INDEPENDENT-SEGMENTS", "#EXT-X-NEVER-HEARD-OF"),
        ("#EXT-X-I-FRAME", "a.m3u8\n#EXT-X-I-FRAME"),
    ],
)
def test_what_breaks_a_rule_is_refused(old: str, new: str) -> None:
    assert old in GOOD
    with pytest.raises(PlaylistError):
        hls.parse(GOOD.replace(old, new, 1))


def test_a_playlist_without_variants_is_refused() -> None:
    with pytest.raises(PlaylistError, match="needs a variant"):
        MultivariantPlaylist(version=6, independent_segments=True, variants=()).render()


def test_subtitles_need_a_playlist() -> None:
    with pytest.raises(PlaylistError, match="need a URI"):
        MediaRendition(type="SUBTITLES", group="s", name="English").render()


@pytest.mark.parametrize("uri", ["x\n#EXT-X-ENDLIST", '"', "x\r\ny", ""])
def test_a_uri_or_name_cannot_inject_a_tag(uri: str) -> None:
    variant = Variant(uri="v", bandwidth=1, codecs=("avc1.640028",))
    for broken in (
        MediaRendition(type="AUDIO", group="a", name="n", uri=uri),
        MediaRendition(type="AUDIO", group="a", name=uri + '"', uri="u"),
        IFrameVariant(uri=uri, bandwidth=1, codecs=("avc1.640028",)),
    ):
        with pytest.raises(PlaylistError):
            broken.render()
    assert variant.render() == '#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="avc1.640028"\nv'


WHOLE = """#EXTM3U
#EXT-X-VERSION:7
#EXT-X-SESSION-KEY:METHOD=SAMPLE-AES,URI="https://keys.example.org/1",KEYFORMAT="identity"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="text",NAME="SDH",LANGUAGE="en",ASSOC-LANGUAGE="en-GB",DEFAULT=NO,AUTOSELECT=YES,CHARACTERISTICS="public.one,public.two",URI="t1"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="text",NAME="Forced",LANGUAGE="en",DEFAULT=NO,AUTOSELECT=YES,FORCED=YES,URI="t2-1/index.m3u8"
#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID="cc",NAME="CC1",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,INSTREAM-ID="CC1"
#EXT-X-STREAM-INF:BANDWIDTH=2200000,SCORE=1.5,CODECS="avc1.64001f",SUBTITLES="text",CLOSED-CAPTIONS="cc"
v540-1/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=3200000,SCORE=2,CODECS="avc1.64001f",SUBTITLES="text",CLOSED-CAPTIONS="cc"
v720-1/index.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=200000,SCORE=1,CODECS="avc1.64001f",URI="v540-1/iframes.m3u8"
"""
TWICE = 'METHOD=AES-128,URI="a"'


def test_captions_scores_and_session_keys_both_ways() -> None:
    playlist = hls.parse(WHOLE)
    assert isinstance(playlist, MultivariantPlaylist)
    sdh, forced, captions = playlist.renditions
    assert sdh.characteristics == ("public.one", "public.two")
    assert (sdh.assoc_language, sdh.forced, forced.forced, captions.instream_id) == ("en-GB", False, True, "CC1")
    assert [each.score for each in playlist.variants] == [Fraction(3, 2), Fraction(2)]
    assert {(each.subtitles, each.closed_captions) for each in playlist.variants} == {("text", "cc")}
    assert playlist.session_keys == (
        Key(method="SAMPLE-AES", uri="https://keys.example.org/1", keyformat="identity"),
    )  # fmt: skip
    assert playlist.render() == WHOLE


def test_no_captions_in_the_picture() -> None:
    none = WHOLE.replace('CLOSED-CAPTIONS="cc"', "CLOSED-CAPTIONS=NONE")
    playlist = hls.parse(none)
    assert isinstance(playlist, MultivariantPlaylist)
    assert {each.closed_captions for each in playlist.variants} == {ClosedCaptions.NONE}
    assert playlist.render() == none


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("SCORE=1.5,", ""),
        ("SCORE=1.5", "SCORE=1.00000001"),
        ("SCORE=1.5", "SCORE=-1"),
        ('SUBTITLES="text"', 'SUBTITLES="cc"'),
        ('CLOSED-CAPTIONS="cc"', 'CLOSED-CAPTIONS="text"'),
        ('CLOSED-CAPTIONS="cc"', "CLOSED-CAPTIONS=NONE"),
        ('CLOSED-CAPTIONS="cc"', "CLOSED-CAPTIONS=cc"),
        ('INSTREAM-ID="CC1"', 'INSTREAM-ID="CC5"'),
        ('INSTREAM-ID="CC1"', 'INSTREAM-ID="CC1",URI="x"'),
        (',INSTREAM-ID="CC1"', ""),
        ("FORCED=YES,", 'INSTREAM-ID="CC1",'),
        ('INSTREAM-ID="CC1"', 'FORCED=YES,INSTREAM-ID="CC1"'),
        (',URI="t1"', ""),
        ("public.one,", "public.one,,"),
        ("METHOD=SAMPLE-AES", "METHOD=SAMPLE"),
        ('METHOD=SAMPLE-AES,URI="https://keys.example.org/1",KEYFORMAT="identity"', "METHOD=NONE"),
        ('URI="https://keys.example.org/1",', ""),
        ("#EXT-X-VERSION:7", "#EXT-X-VERSION:4"),
        ("#EXT-X-SESSION-KEY", f"#EXT-X-SESSION-KEY:{TWICE}\n#EXT-X-SESSION-KEY:{TWICE}\n#EXT-X-SESSION-KEY"),
    ],
)
def test_what_breaks_a_rule_of_captions_scores_or_keys_is_refused(old: str, new: str) -> None:
    assert old in WHOLE
    with pytest.raises(PlaylistError):
        hls.parse(WHOLE.replace(old, new, 1))


def test_services_need_version_7() -> None:
    service = WHOLE.replace('INSTREAM-ID="CC1"', 'INSTREAM-ID="SERVICE9"')
    assert hls.parse(service).render() == service
    with pytest.raises(PlaylistError, match="must be 7 or more"):
        hls.parse(service.replace("#EXT-X-VERSION:7", "#EXT-X-VERSION:6"))
