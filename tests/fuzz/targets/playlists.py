"""The playlist parser: PlaylistError or a value, and what a value renders is read as the same value."""

from __future__ import annotations

from manifests import hls
from manifests.errors import PlaylistError
from tests.fuzz.corpus import seeds
from tests.fuzz.strategies import changed, strung

PIECES = [
    *(
        b"#EXTM3U\n",
        b"#EXT-X-VERSION:7\n",
        b"#EXT-X-TARGETDURATION:4\n",
        b"#EXT-X-ENDLIST\n",
        b"#EXTINF:4.0,\n",
        b"0.m4s\n",
    ),
    *(b'#EXT-X-MAP:URI="i.mp4"\n', b"#EXT-X-PLAYLIST-TYPE:VOD\n", b"#EXT-X-BYTERANGE:5@9\n", b"#EXT-X-I-FRAMES-ONLY\n"),
    *(b"#EXT-X-INDEPENDENT-SEGMENTS\n", b"#EXT-X-STREAM-INF:BANDWIDTH=1,", b"RESOLUTION=1x1", b'CODECS="a"', b"\r\n"),
    *(b"#EXT-X-PART-INF:PART-TARGET=1\n", b'#EXT-X-PART:DURATION=1,URI="p"', b",GAP=YES", b",INDEPENDENT=YES", b"\t"),
    *(b"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=3\n", b"#EXT-X-GAP\n", b"#EXT-X-DISCONTINUITY\n"),
    *(
        b'#EXT-X-DATERANGE:ID="d",START-DATE="2026-11-22T08:00:00.000Z"',
        b",X-A=-1.5",
        b",SCTE35-OUT=0xFC",
        b',CUE="PRE"',
    ),
    *(b"#EXT-X-PROGRAM-DATE-TIME:2026-11-22T08:00:00.000Z\n", b'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p"\n'),
    *(
        b'#EXT-X-RENDITION-REPORT:URI="r",LAST-MSN=1\n',
        b'#EXT-X-SKIP:SKIPPED-SEGMENTS=1,RECENTLY-REMOVED-DATERANGES="a',
    ),
    *(
        b"#EXT-X-MEDIA:TYPE=AUDIO,",
        b'GROUP-ID="a",NAME="b"',
        b"#EXT-X-KEY:METHOD=AES-128,",
        b"IV=0x1",
        b"=",
        b",",
        b'"',
    ),
    *(
        b"#EXT-X-I-FRAME-STREAM-INF:",
        b"FRAME-RATE=25.000",
        b"18446744073709551616",
        b"-0",
        b"1e9",
        b"\xef\xbb\xbf",
        b"#",
    ),
]
STRATEGY = strung(PIECES).map(lambda body: b"#EXTM3U\n" + body) | changed(seeds("playlists"), PIECES)


def target(body: bytes) -> None:
    text = body.decode("utf-8", "replace")
    try:
        playlist = hls.parse(text)
    except PlaylistError as exc:
        assert str(exc)
        return
    rendered = playlist.render()
    assert hls.parse(rendered) == playlist
    assert hls.parse(rendered).render() == rendered
