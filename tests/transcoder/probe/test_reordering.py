from __future__ import annotations

from bisect import bisect_right, insort
from typing import TYPE_CHECKING

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcoder.probe.reordering import MOST, reordering

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FILES = {
    "real/flutter_butterfly_720p30_aac.mp4": 2,
    "real/gopro_karma_480p30_aac_gpmd.mp4": 1,
    "real/wave_croatia_1080p25_aac.mp4": 0,
    "real/tearsofsteel_battle_332p24_vp8_vorbis.webm": 0,
    "odd/muxjs_sintel_captions.ts": 0,
    "odd/lpms_vertical-sample.ts": 2,
    "odd/siti_fall-hlg.mov": 2,
    "odd/x_hevc_hdr10_st2086_cll_540p.mp4": 2,
    "odd/ax_8k24fps_300ms.mp4": 0,
    "odd/ax_bbb_2500ms.ts": 1,
    # No bitstream restriction: what the level's buffer holds.
    "odd/phpffmpeg_portrait.MOV": 11,
    "odd/x_rotation_90.mp4": 8,
    "odd/x_video_plus_cover_art.mp4": 1,
    # A codec that nothing is known of here.
    "odd/ax_sample.avi": MOST,
}
NAMES = ("flutter_butterfly_720p30", "wave_croatia_1080p25")


def measured(stamps: Iterable[int]) -> int:
    most, seen = 0, list[int]()
    for stamp in stamps:
        most = max(most, len(seen) - bisect_right(seen, stamp))
        insort(seen, stamp)
    return most


@pytest.mark.parametrize("name", FILES)
def test_what_a_header_says_holds_for_the_pictures(name: str, media: Path) -> None:
    with av.open(str(media / name)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        found = reordering(context.codec.canonical_name, context.extradata or b"")
        assert found == FILES[name]
        assert measured(packet.pts for packet in container.demux(stream) if packet.pts is not None) <= found


def parameters(path: Path) -> bytes:
    """The sequence parameter set of an MP4, behind its length."""
    with av.open(str(path)) as container:
        header = container.streams.video[0].codec_context.extradata
    assert header is not None
    return header[6 : 8 + int.from_bytes(header[6:8], "big")]


def test_start_codes_and_a_configuration_record_say_the_same(media: Path) -> None:
    two, none = (parameters(media / "real" / f"{name}_aac.mp4") for name in NAMES)
    assert reordering("h264", b"\0\0\0\1" + two[2:]) == 2
    assert reordering("h264", b"\1\x64\0\x1f\xff\xe1" + none) == 0
    # The stream may change from one to the other.
    assert reordering("h264", b"\1\x64\0\x1f\xff\xe2" + none + two) == 2
    assert reordering("h264", b"\0\0\1" + two[2:] + b"\0\0\1" + none[2:]) == 2


@pytest.mark.parametrize(("codec", "header"), [("h264", b""), ("hevc", b""), ("h264", b"\1"), ("vvc", b"\1\2")])
def test_without_a_header_it_is_the_most(codec: str, header: bytes) -> None:
    assert reordering(codec, header) == MOST


@given(
    codec=st.sampled_from(["h264", "hevc"]),
    begin=st.sampled_from([b"", b"\1", b"\0\0\1\x67", b"\0\0\1\x42\1", b"\1\x64\0\x1f\xff\xe1\0\x40\x67"]),
    body=st.binary(max_size=200),
)
def test_any_bytes_have_an_answer(codec: str, begin: bytes, body: bytes) -> None:
    assert 0 <= reordering(codec, begin + body) <= MOST


@pytest.mark.parametrize(("codec", "begin"), [("h264", b"\0\0\1\x67\x42\xc0\x1e"), ("hevc", b"\0\0\1\x42\1\1")])
def test_a_megabyte_of_zeros_is_no_parameter_set(codec: str, begin: bytes) -> None:
    """Each bit costs time by the bytes there are: all of it would take minutes."""
    assert reordering(codec, begin + bytes(1 << 20)) == MOST
