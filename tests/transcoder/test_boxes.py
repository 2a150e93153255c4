from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcoder.boxes import (
    Box,
    Sample,
    only_child,
    read_boxes,
    read_header,
    read_moof,
    read_timescale,
    write,
    write_full,
)
from transcoder.errors import OutputBroken


def _moof(tfhd: bytes, trun: bytes, *, tfdt: bytes | None = None) -> bytes:
    time = write_full(b"tfdt", 1, 0, struct.pack(">Q", 2**33)) if tfdt is None else tfdt
    return write(b"moof", write_full(b"mfhd", 0, 0, struct.pack(">I", 7)), write(b"traf", tfhd, time, trun))


_TFHD = write_full(b"tfhd", 0, 0x020038, struct.pack(">4I", 1, 1001, 500, 0x01010000))


def test_headers_of_both_widths() -> None:
    assert read_header(write(b"free", b"abc")) == Box(kind=b"free", start=0, body=8, end=11)
    large = struct.pack(">I4sQ", 1, b"mdat", 2**32 + 16)
    assert read_header(large) == Box(kind=b"mdat", start=0, body=16, end=2**32 + 16)
    assert read_header(large[:15]) is None
    assert read_header(b"\0\0\0\x08fre") is None


@pytest.mark.parametrize("size", [0, 2, 7])
def test_a_box_is_no_smaller_than_its_header(size: int) -> None:
    with pytest.raises(OutputBroken):
        read_header(struct.pack(">I4s", size, b"free"))


def test_boxes_fill_what_holds_them() -> None:
    two = write(b"free") + write(b"skip", b"x")
    assert [box.kind for box in read_boxes(two)] == [b"free", b"skip"]
    for wrong in (two[:-1], two + b"\0"):
        with pytest.raises(OutputBroken):
            list(read_boxes(wrong))


def test_a_child_is_there_once() -> None:
    for children, found in (((), 0), ((write(b"tfdt"), write(b"tfdt")), 2)):
        buffer = write(b"traf", *children)
        with pytest.raises(OutputBroken, match=f"{found} b'tfdt'"):
            only_child(buffer, next(read_boxes(buffer)), b"tfdt")


def test_a_fragment_with_defaults_and_a_first_sample_of_its_own() -> None:
    trun = write_full(b"trun", 1, 0xA05, struct.pack(">IiI", 2, 120, 0x02000000), struct.pack(">IiIi", 9, 0, 8, -1001))
    moof = read_moof(_moof(_TFHD, trun))
    assert (moof.sequence, moof.track, moof.decode_time, moof.data_offset) == (7, 1, 2**33, 120)
    assert moof.samples == (
        Sample(duration=1001, size=9, offset=0, sync=True),
        Sample(duration=1001, size=8, offset=-1001, sync=False),
    )


def test_a_fragment_that_says_everything_of_every_sample() -> None:
    tfhd = write_full(b"tfhd", 0, 0x3, struct.pack(">IQI", 1, 0, 1))
    trun = write_full(b"trun", 0, 0xF01, struct.pack(">Ii4I", 1, 8, 5, 6, 0x02000000, 2**31))
    moof = read_moof(_moof(tfhd, trun, tfdt=write_full(b"tfdt", 0, 0, struct.pack(">I", 9))))
    assert moof.decode_time == 9
    assert moof.samples == (Sample(duration=5, size=6, offset=2**31, sync=True),)


@pytest.mark.parametrize("count", [0, 1, 3, 2**32 - 1])
def test_a_table_is_as_long_as_its_box(count: int) -> None:
    trun = write_full(b"trun", 0, 0x200, struct.pack(">I", count), bytes(8))
    with pytest.raises(OutputBroken, match="trun"):
        read_moof(_moof(_TFHD, trun))


def test_a_count_without_a_table_builds_nothing() -> None:
    with pytest.raises(OutputBroken, match="trun"):
        read_moof(_moof(_TFHD, write_full(b"trun", 0, 0, struct.pack(">I", 2**32 - 1))))


@pytest.mark.parametrize("version", [0, 1])
def test_a_tracks_timescale(version: int) -> None:
    times = bytes(16 if version else 8)
    mdhd = write_full(b"mdhd", version, 0, times, struct.pack(">I", 30000), bytes(8))
    assert read_timescale(write(b"moov", write(b"trak", write(b"mdia", mdhd)))) == 30000


@given(st.binary(max_size=300))
def test_bytes_are_read_or_refused(noise: bytes) -> None:
    for read in (lambda: list(read_boxes(noise)), lambda: read_moof(noise), lambda: read_timescale(noise)):
        try:
            read()
        except OutputBroken:
            continue


@given(at=st.integers(0, 250), bits=st.integers(1, 255), cut=st.integers(0, 250))
def test_a_damaged_fragment_is_read_or_refused(at: int, bits: int, cut: int) -> None:
    trun = write_full(b"trun", 1, 0xA05, struct.pack(">IiI", 2, 120, 0x02000000), struct.pack(">IiIi", 9, 0, 8, -1001))
    whole = bytearray(_moof(_TFHD, trun))
    whole[at % len(whole)] ^= bits
    for damaged in (bytes(whole), bytes(whole[: cut % len(whole)])):
        try:
            moof = read_moof(damaged)
        except OutputBroken:
            continue
        assert len(moof.samples) * 4 <= len(damaged)
