from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests import hls
from manifests.hls import IFrameVariant, MediaRendition, MultivariantPlaylist, PlaylistError, Resolution, Variant
from manifests.hls.attributes import quotable

uris = st.from_regex(r"[a-z0-9/._?=&%~-]{1,20}", fullmatch=True)
texts = st.text(max_size=20).map(quotable)
rates = st.integers(min_value=1, max_value=10**8)
optional = {
    "resolution": st.none() | st.builds(Resolution, width=st.integers(2, 8192), height=st.integers(2, 8192)),
    "video_range": st.sampled_from([None, "SDR", "HLG", "PQ"]),
}
codecs = st.lists(st.sampled_from(["avc1.640028", "mp4a.40.2", "hvc1.2.4.L123.B0"]), min_size=1, max_size=3).map(tuple)


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
    bandwidth = draw(rates)
    variant = st.builds(
        Variant,
        uri=uris,
        bandwidth=st.just(bandwidth),
        average_bandwidth=st.none() | st.integers(1, bandwidth),
        codecs=codecs,
        frame_rate=st.none() | st.integers(1, 120_000).map(lambda milli: Fraction(milli, 1000)),
        audio=st.just("audio") if names else st.none(),
        **optional,
    )
    iframe = st.builds(IFrameVariant, uri=uris, bandwidth=rates, codecs=codecs, **optional)
    return MultivariantPlaylist(
        version=draw(st.integers(1, 12)),
        independent_segments=draw(st.booleans()),
        renditions=renditions,
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
