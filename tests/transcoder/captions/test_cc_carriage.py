from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transcoder.captions.closed import command, sei
from transcoder.captions.cc_carriage import Pair, carried, nal_length_size

SLICE = b"\x65\x88\x84\0\x10"
PAIRS = [(0x14, 0x20), (0x48, 0x49)]
WANTED = [Pair(1, 0x94, 0x20), Pair(1, 0xC8, 0x49)]


def lengths(*units: bytes) -> bytes:
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)


def start_codes(*units: bytes) -> bytes:
    return b"".join(b"\0\0\0\1" + unit for unit in units)


def test_the_pairs_of_h264_in_both_framings() -> None:
    unit = sei(PAIRS)
    for packet, size in ((lengths(unit, SLICE), 4), (start_codes(unit, SLICE), 0)):
        found = carried("h264", packet, size)
        assert (found.pairs, found.dtvcc, found.present) == (WANTED, False, True)


def test_the_pairs_of_hevc_stand_behind_two_bytes_of_header() -> None:
    unit = b"\x4e\x01" + sei(PAIRS)[1:]
    assert carried("hevc", start_codes(unit, b"\x26\x01\xaf"), 0).pairs == WANTED
    assert carried("hevc", start_codes(b"\x26\x01" + sei(PAIRS)[1:]), 0).pairs == []  # a slice that looks like it


def test_the_pairs_of_mpeg_2() -> None:
    cc_data = bytes((0x42, 0xFF, 0xFC, 0x94, 0x20, 0xFD, 0xC8, 0x49, 0xFF))
    packet = b"\0\0\1\0\x12\x34\0\0\1\xb2GA94\x03" + cc_data + b"\0\0\1\1slice"
    assert carried("mpeg2video", packet, 0).pairs == [Pair(1, 0x94, 0x20), Pair(2, 0xC8, 0x49)]


def test_padding_says_that_there_are_captions_but_nothing_else() -> None:
    found = carried("h264", lengths(sei([(0, 0)])), 4)
    assert (found.pairs, found.present) == ([], True)
    assert carried("h264", lengths(SLICE), 4).present is False


def test_cea_708_is_noticed() -> None:
    cc_data = bytes((0x42, 0xFF, 0xFF, 0x02, 0x21, 0xFE, 0x41, 0x42, 0xFF))
    found = carried("mpeg2video", b"\0\0\1\xb2GA94\x03" + cc_data, 0)
    assert (found.pairs, found.dtvcc) == ([], True)


def test_how_long_a_length_is() -> None:
    assert nal_length_size("h264", b"\1\x64\0\x1f\xff\xe1") == 4
    assert nal_length_size("hevc", b"\1" + bytes(20) + b"\xfe" + bytes(4)) == 3
    assert nal_length_size("h264", b"\0\0\0\1\x67") == 0


@pytest.mark.parametrize("codec", ["h264", "hevc", "mpeg2video"])
@given(body=st.binary(max_size=120), at=st.integers(0, 40), size=st.sampled_from([0, 1, 2, 4]))
def test_damage_raises_nothing(codec: str, body: bytes, at: int, size: int) -> None:
    unit = sei([command(0x20)])
    carried(codec, body + unit[:at] + body + unit, size)
    carried(codec, b"\0\0\1\xb2GA94\x03" + body, size)
