"""Pictures that are found in passing are those that a demuxer finds, at the same times; and nothing makes it fail."""

from __future__ import annotations

import io
import random
from typing import TYPE_CHECKING

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.live.health.flv import FlvScanner
from streaming.live.health.mp4 import Mp4Scanner
from streaming.live.health.picture import Picture
from streaming.live.health.ts import TsScanner

if TYPE_CHECKING:
    from collections.abc import Callable

    from streaming.live.health.picture import Scanner

SCANNERS: dict[str, type[Scanner]] = {"flv": FlvScanner, "mpegts": TsScanner, "mp4": Mp4Scanner}
FRAGMENTED = ("-movflags", "+cmaf+frag_keyframe+empty_moov+default_base_moof")
EACH = ("-movflags", "+frag_every_frame+empty_moov+default_base_moof")
HEVC = ("-c:v", "libx265", "-x265-params", "log-level=none:keyint=10:pools=none")


def demuxed(stream: bytes, form: str) -> list[Picture]:
    with av.open(io.BytesIO(stream), format=form) as container:
        return [
            Picture(pts=packet.pts, key=packet.is_keyframe)
            for packet in container.demux(video=0)
            if packet.pts is not None
        ]


def scanned(scanner: Scanner, stream: bytes, seed: int) -> list[Picture]:
    """In pieces as a network makes them."""
    pieces, found, at = random.Random(seed), list[Picture](), 0
    while at < len(stream):
        size = pieces.choice([1, 7, 188, 1316, 5000, 60_000])
        found += scanner.feed(stream[at : at + size])
        at += size
    return found


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("flv", ()),
        ("flv", HEVC),  # Enhanced RTMP
        ("mpegts", ()),
        ("mpegts", HEVC),
        ("mp4", FRAGMENTED),
        ("mp4", EACH),
    ],
)
def test_pictures_are_those_of_a_demuxer(form: str, options: tuple[str, ...], stream_of: Callable[..., bytes]) -> None:
    stream = stream_of(form, *options)
    scanner = SCANNERS[form]()
    expected = demuxed(stream, form)
    assert len(expected) == 50
    assert scanned(scanner, stream, seed=len(stream)) == expected


def test_a_transport_stream_without_marks_has_key_pictures_all_the_same(stream_of: Callable[..., bytes]) -> None:
    """Of an encoder that sets no random_access_indicator: it is taken away here."""
    stream = bytearray(stream_of("mpegts"))
    for at in range(0, len(stream), 188):
        if stream[at + 3] & 0x20 and stream[at + 4]:
            stream[at + 5] &= ~0x40
    found = scanned(TsScanner(), bytes(stream), seed=1)
    assert [place for place, each in enumerate(found) if each.key] == [0, 10, 20, 30, 40]


def test_a_transport_stream_that_begins_and_breaks_in_a_packet(stream_of: Callable[..., bytes]) -> None:
    stream = stream_of("mpegts")
    broken = stream[100:20_000] + stream[20_077:]
    found = scanned(TsScanner(), broken, seed=2)
    assert 40 <= len(found) <= 50
    assert {each.pts for each in found} <= {each.pts for each in demuxed(stream, "mpegts")}


def test_33_bits_go_round() -> None:
    def packet(stamp: int) -> bytes:
        stamp %= 1 << 33
        pts = bytes(
            [
                0x21 | stamp >> 29 & 0x0E,
                stamp >> 22 & 0xFF,
                stamp >> 14 & 0xFE | 1,
                stamp >> 7 & 0xFF,
                stamp << 1 & 0xFE | 1,
            ]
        )
        return (b"\x47\x41\x00\x10\0\0\1\xe0\0\0\x80\x80\x05" + pts).ljust(188, b"\xff")

    scanner = TsScanner()
    scanner._video, scanner._type = 0x100, 0x1B
    last = (1 << 33) - 3600
    found = scanner.feed(packet(last) + packet(last + 3600) + packet(last + 7200))
    assert [each.pts for each in found] == [last, last + 3600, last + 7200]


@settings(max_examples=150, deadline=None)
@given(body=st.binary(max_size=2000), seed=st.integers(0, 99), data=st.data())
def test_no_bytes_make_it_fail(body: bytes, seed: int, data: st.DataObject) -> None:
    lead = data.draw(st.sampled_from([b"", b"FLV\1\5\0\0\0\x09\0\0\0\0\x09", b"\x47\x40\0\x10\0", b"\0\0\0\x40moof"]))
    for kind in SCANNERS.values():
        scanner = kind()
        scanned(scanner, lead + body, seed)
        scanner.feed(body)


def test_damaged_streams_do_no_harm(stream_of: Callable[..., bytes]) -> None:
    for form in SCANNERS:
        whole = stream_of(form, *(FRAGMENTED if form == "mp4" else ()))
        for seed in range(20):
            damage, stream = random.Random(seed), bytearray(whole)
            for _ in range(30):
                stream[damage.randrange(len(stream))] = damage.randrange(256)
            scanned(SCANNERS[form](), bytes(stream), seed)
