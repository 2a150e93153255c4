from __future__ import annotations

import pytest

from streaming.live.ingest.errors import ProtocolFault
from streaming.live.ingest.http.errors import TooMuchHeld
from streaming.live.ingest.http.objects import HELD, MOST_HELD, Named, Objects

TS = b"\x47 segment "


class Encoder:
    """Objects, of which some may be on their way."""

    def __init__(self) -> None:
        self.coming: set[str] = set()
        self.objects = Objects(knows=lambda path: path.startswith("d/init"), is_coming=self.coming.__contains__)

    def named(self) -> list[object]:
        return [each.body if isinstance(each, Named) else each for each in self.objects.named()]


def playlist(*segments: str, behind: str = "") -> bytes:
    lines = [line for name in segments for line in ("#EXTINF:1,", name)]
    return "\n".join(["#EXTM3U", "#EXT-X-TARGETDURATION:1", *lines, behind, ""]).encode()


def test_segments_wait_for_their_playlist_and_keep_its_order() -> None:
    encoder = Encoder()
    for number in (2, 0, 1):
        encoder.objects.segment(f"hls/s{number}.ts", TS + bytes([number]))
    assert encoder.named() == []
    encoder.objects.playlist("hls/live.m3u8", playlist("s0.ts", "s1.ts?x=1", "/hls/../hls/s2.ts"))
    assert encoder.named() == [TS + bytes([0]), TS + bytes([1])]
    encoder.objects.playlist("hls/live.m3u8", playlist("s1.ts", "s2.ts"))
    assert encoder.named() == [TS + bytes([2])]
    encoder.objects.segment("hls/s2.ts", TS + bytes([2]))  # a repetition
    assert encoder.named() == []


def test_what_is_on_its_way_is_waited_for() -> None:
    encoder = Encoder()
    encoder.coming.add("s0.ts")
    encoder.objects.segment("s1.ts", TS + b"1")
    encoder.objects.playlist("live.m3u8", playlist("s0.ts", "s1.ts", behind="#EXT-X-ENDLIST"))
    assert encoder.named() == []
    encoder.objects.segment("s0.ts", TS + b"0")
    encoder.coming.clear()
    assert encoder.named() == [TS + b"0", TS + b"1", "end"]
    assert encoder.named() == []


def test_headers_discontinuities_and_encoders_that_begin_again() -> None:
    encoder = Encoder()
    text = playlist("s0.m4s").replace(b"#EXTINF", b'#EXT-X-MAP:URI="init.mp4"\n#EXT-X-DISCONTINUITY\n#EXTINF', 1)
    encoder.objects.segment("a/s0.m4s", b"zero")
    encoder.objects.playlist("a/live.m3u8", text)
    named = list(encoder.objects.named())
    assert named == [Named(track="a/init.mp4", playlist="a/live.m3u8", body=b"zero", afresh=True)]
    encoder.objects.playlist("a/live.m3u8", text.replace(b"#EXT-X-DISCONTINUITY\n", b""))
    for body, afresh in ((b"zero", False), (b"other", True)):
        encoder.objects.segment("a/s0.m4s", body)
        assert [each.afresh for each in encoder.objects.named() if isinstance(each, Named)] == [afresh]


def test_an_mpd_names_segments_by_templates() -> None:
    encoder = Encoder()
    mpd = b"""<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><AdaptationSet>
      <SegmentTemplate initialization="init-$RepresentationID$.m4s" media="s-$RepresentationID$-$Number%05d$.m4s"/>
      <Representation id="0"/><Representation id="1"/></AdaptationSet></Period></MPD>"""
    for name in ("s-0-00010", "s-0-00009", "s-1-00001", "s-2-00001", "s-0-x"):
        encoder.objects.segment(f"d/{name}.m4s", name.encode())
    encoder.objects.mpd("d/live.mpd", mpd)
    assert encoder.named() == [b"s-0-00009", b"s-0-00010", b"s-1-00001"]


def test_no_more_is_held_than_allowed() -> None:
    encoder = Encoder()
    half = bytes(HELD // 2)
    encoder.objects.segment("0.ts", half)
    encoder.objects.segment("1.ts", half)
    with pytest.raises(TooMuchHeld):
        encoder.objects.segment("2.ts", half)
    encoder.objects.drop("0.ts")
    encoder.objects.drop("never.ts")
    encoder.objects.segment("2.ts", half)
    for number in range(64):
        encoder.objects.playlist(f"{number}.m3u8", playlist())
    with pytest.raises(ProtocolFault):
        encoder.objects.playlist("one-more.m3u8", playlist())

    encoder.objects.playlist("0.m3u8", playlist("2.ts"))
    assert encoder.named() == [half]


def test_segments_whose_playlist_was_lost_do_not_shut_others_out() -> None:
    encoder = Encoder()
    encoder.objects.segment("s.ts", TS)
    encoder.objects.playlist("live.m3u8", playlist("s.ts"))
    assert encoder.named() == [TS]
    for number in range(3):
        encoder.objects.segment(f"{number}.ts", bytes([number]) * (HELD // 2))
    encoder.objects.playlist("live.m3u8", playlist("0.ts", "1.ts", "2.ts"))
    assert [body[:1] for body in encoder.named() if isinstance(body, bytes)] == [b"\1", b"\2"]


def test_few_segments_are_held_however_small_they_are() -> None:
    encoder = Encoder()
    for number in range(MOST_HELD):
        encoder.objects.segment(f"{number}.ts", b"")
    with pytest.raises(TooMuchHeld):
        encoder.objects.segment("one-more.ts", b"")


def test_what_comes_while_one_is_given_out() -> None:
    encoder = Encoder()
    mpd = b"""<MPD><AdaptationSet><SegmentTemplate initialization="init" media="s$Number$"/>
      <Representation id="0"/></AdaptationSet></MPD>"""
    encoder.objects.mpd("d/live.mpd", mpd)
    encoder.objects.playlist("live.m3u8", playlist("0.ts"))
    for name in ("0.ts", "d/s1", "d/s2", "d/s3"):
        encoder.objects.segment(name, name.encode())
    given = []
    for each in encoder.objects.named():
        assert isinstance(each, Named)
        given.append(each.body)
        if each.body == b"0.ts":
            encoder.objects.playlist("another.m3u8", playlist())
        if each.body == b"d/s1":
            encoder.objects.drop("d/s2")
            encoder.objects.mpd("d/another.mpd", mpd)
    assert given == [b"0.ts", b"d/s1", b"d/s3"]


def test_a_template_that_would_take_long_to_match() -> None:
    text = f"""<MPD><AdaptationSet><SegmentTemplate initialization="init" media="{"$Number$" * 60}x"/>
      <Representation id="0"/></AdaptationSet></MPD>"""
    with pytest.raises(ProtocolFault, match="60 numbers"):
        Encoder().objects.mpd("d/live.mpd", text.encode())


def test_a_playlist_too_many_is_not_kept() -> None:
    encoder = Encoder()
    for number in range(64):
        encoder.objects.playlist(f"{number}.m3u8", playlist())
    encoder.objects.segment("s.ts", TS)
    for again in range(2):
        with pytest.raises(ProtocolFault):
            encoder.objects.playlist(f"more{again}.m3u8", playlist("s.ts"))
    encoder.objects.playlist("63.m3u8", playlist())
    assert encoder.named() == []


@pytest.mark.parametrize("text", [b"", b"\xff", b"#EXTM3U8", b"<MPD/>"])
def test_what_is_no_playlist(text: bytes) -> None:
    with pytest.raises(ProtocolFault):
        Encoder().objects.playlist("live.m3u8", text)


@pytest.mark.parametrize(
    "text", [b"", b"<MPD", b"<!DOCTYPE MPD><MPD/>", b"<!DOCTYPE x [<!ENTITY a 'b'>]><MPD>&a;</MPD>"]
)
def test_what_is_no_manifest(text: bytes) -> None:
    with pytest.raises(ProtocolFault):
        Encoder().objects.mpd("live.mpd", text)
