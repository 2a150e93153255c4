from __future__ import annotations

import struct

import pytest

from transcoder.growing.openings import Opening, opening


def box(kind: bytes, *inside: bytes, large: bool = False) -> bytes:
    body = b"".join(inside)
    if large:
        return struct.pack(">I4sQ", 1, kind, 16 + len(body)) + body
    return struct.pack(">I4s", 8 + len(body), kind) + body


FTYP = box(b"ftyp", b"isom" * 4)
TRAK = box(b"trak", b"\0" * 200)
MDAT = box(b"mdat", b"\0" * 1000)
MOOV = box(b"moov", box(b"mvhd", b"\0" * 100), TRAK)


@pytest.mark.parametrize(
    ("demuxer", "head", "found"),
    [
        ("mpegts", b"\x47", Opening.STREAM),
        ("matroska", b"", Opening.STREAM),
        ("avi", b"RIFF", Opening.NOT),
        ("mov", FTYP + MOOV + MDAT, Opening.TABLES),
        ("mov", FTYP + box(b"free", b"\0" * 50) + MOOV, Opening.TABLES),
        ("mov", FTYP + box(b"moov", TRAK, large=True), Opening.TABLES),
        ("mov", FTYP + box(b"moov", TRAK, box(b"mvex", b"\0" * 40)), Opening.STREAM),
        ("mov", FTYP + MDAT + MOOV, Opening.NOT),
        ("mov", FTYP + box(b"mdat", b"\0" * 100, large=True), Opening.NOT),
        ("mov", FTYP + struct.pack(">I4s", 0, b"mdat") + b"\0" * 8, Opening.NOT),
        ("mov", FTYP + struct.pack(">I4sQ", 1, b"moov", 1 << 40), Opening.NOT),
        ("mov", FTYP + struct.pack(">I4s", 3, b"free") + b"\0" * 8, Opening.NOT),
        ("mov", FTYP + box(b"moof", b"\0" * 40), Opening.NOT),
        ("mov", FTYP + box(b"moov", struct.pack(">I4s", 2, b"trak") + b"\0" * 20), Opening.TABLES),
    ],
)
def test_the_first_bytes_say_how_a_source_is_followed(demuxer: str, head: bytes, found: Opening) -> None:
    assert opening(head, demuxer) is found


@pytest.mark.parametrize("have", [0, 8, len(FTYP), len(FTYP) + 20, len(FTYP + MOOV) - 1])
def test_as_many_bytes_are_asked_for_as_it_takes(have: int) -> None:
    whole = FTYP + MOOV + MDAT
    found: Opening | int = have
    while isinstance(found, int):
        asked = found
        found = opening(whole[:asked], "mov")
        assert isinstance(found, Opening) or found > asked
    assert found is Opening.TABLES
