from __future__ import annotations

import io
import struct

import pytest

from transcoder.probe.opening import Recorder, Refused, inspect_boxes, open_container


def _box(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


@pytest.mark.parametrize(
    ("body", "whole", "encrypted"),
    [
        (_box(b"ftyp", b"isom") + _box(b"moov", bytes(32)), True, False),
        (_box(b"moov", bytes(32))[:-1], False, False),
        (_box(b"ftyp", b"isom") + _box(b"mdat", bytes(64)), False, False),
        (_box(b"moov", _box(b"encv") + _box(b"sinf")), True, True),
        (struct.pack(">I4sQ", 1, b"mdat", 1 << 60) + bytes(64), False, False),
        (struct.pack(">I4s", 0, b"moov") + bytes(64), True, False),
        (struct.pack(">I4s", 4, b"free") + bytes(64), False, False),
        (b"", False, False),
    ],
)
def test_boxes_tell_a_cut_and_a_protected_file(body: bytes, whole: bool, encrypted: bool) -> None:
    assert inspect_boxes(io.BytesIO(body), len(body))[:2] == (whole, encrypted)


def test_what_was_read_is_remembered() -> None:
    file = Recorder(io.BytesIO(bytes(100)))
    file.read(10)
    file.read(10)
    file.seek(50)
    file.read(100)
    assert (file.spans, file.tell(), file.read(1)) == ([(0, 20), (50, 100)], 100, b"")


@pytest.mark.parametrize(("demuxer", "code"), [("mov", "truncated"), ("matroska", "unreadable")])
def test_why_a_file_is_not_opened(demuxer: str, code: str) -> None:
    body = _box(b"ftyp", b"isom") + _box(b"mdat", bytes(64))
    with pytest.raises(Refused) as refused:
        open_container(io.BytesIO(body), demuxer, len(body))
    assert refused.value.code == code
