from __future__ import annotations

import io
import struct

import pytest

from transcoder.mp4.boxes import NotPlain
from transcoder.mp4.movie import MAX_MOOV, parse_movie, read_movie


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def trak(number: int, *tables: bytes, version: int = 0) -> bytes:
    times = bytes(16 if version else 8)
    tkhd = box(b"tkhd", bytes((version, 0, 0, 7)), times, struct.pack(">I", number))
    return box(b"trak", tkhd, box(b"mdia", box(b"minf", box(b"stbl", *tables))))


def test_tracks_by_their_number() -> None:
    movie = parse_movie(memoryview(trak(3, box(b"stsz", b"size")) + trak(7, box(b"ctts", b"offs"), version=1)))
    assert sorted(movie.tracks) == [3, 7]
    sizes, composition = movie.tracks[3].sizes, movie.tracks[7].composition
    assert (sizes and bytes(sizes), composition and bytes(composition)) == (b"size", b"offs")
    assert (movie.fragmented, movie.protected) == (False, False)


def test_a_track_without_tables_is_none() -> None:
    assert parse_movie(memoryview(box(b"trak", box(b"tkhd", bytes(16))) + box(b"mvhd"))).tracks == {}


def test_fragments_and_protection_are_seen() -> None:
    assert parse_movie(memoryview(trak(1) + box(b"mvex"))).fragmented
    assert parse_movie(memoryview(trak(1, box(b"stsd", bytes(8), box(b"encv", box(b"sinf")))))).protected


@pytest.mark.parametrize(("record", "foreign"), [(b"\x01\x00\x0a\x2c", True), (b"\x01\x00\x10\x2d", False)])
def test_dolby_visions_own_colours_are_seen(record: bytes, foreign: bool) -> None:
    """Profile 5 has no others; profile 8 is HDR10 or HLG to whoever does not know it."""
    entry = box(b"stsd", bytes(8), box(b"dvh1", bytes(78), box(b"dvvC", record, bytes(20))))
    assert parse_movie(memoryview(trak(1, entry))).foreign_colours is foreign


@pytest.mark.parametrize(
    "body", [trak(1) + trak(1), box(b"trak", box(b"tkhd"), box(b"mdia", box(b"minf", box(b"stbl"))))]
)
def test_tracks_that_cannot_be_told_apart_are_refused(body: bytes) -> None:
    with pytest.raises(NotPlain):
        parse_movie(memoryview(body))


def test_thousands_of_tracks_are_refused() -> None:
    with pytest.raises(NotPlain):
        parse_movie(memoryview(b"".join(trak(number) for number in range(1, 1102))))


@pytest.mark.parametrize("ahead", [b"", box(b"ftyp", b"isom"), box(b"ftyp") + box(b"mdat", bytes(100))])
def test_the_index_is_found_where_it_lies(ahead: bytes) -> None:
    assert list(read_movie(io.BytesIO(ahead + box(b"moov", trak(5)))).tracks) == [5]


FILES = {
    "none": box(b"ftyp") + box(b"mdat", bytes(8)),
    "cut": box(b"moov", trak(1))[:-1],
    "behind fragments": box(b"moof") + box(b"moov", trak(1)),
    "larger than anybody's": struct.pack(">I4s", MAX_MOOV + 9, b"moov"),
}


@pytest.mark.parametrize("body", FILES.values(), ids=list(FILES))
def test_an_index_that_is_not_whole_is_refused(body: bytes) -> None:
    with pytest.raises(NotPlain):
        read_movie(io.BytesIO(body))
