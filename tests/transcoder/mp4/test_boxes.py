from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcoder.mp4.boxes import NotPlain, child, children, top_level


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def large(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4sQ", 1, kind, 16 + len(body)) + body


FILES = [
    (box(b"ftyp", b"isom") + box(b"moov", bytes(9)), [(b"ftyp", 8, 4), (b"moov", 20, 9)]),
    (large(b"mdat", bytes(5)) + box(b"free"), [(b"mdat", 16, 5), (b"free", 29, 0)]),
    (struct.pack(">I4s", 0, b"mdat") + bytes(5), [(b"mdat", 8, 5)]),
    # What a box claims beyond the end of the file is told, and ends the list.
    (struct.pack(">I4s", 1000, b"mdat") + bytes(5), [(b"mdat", 8, 992)]),
    (struct.pack(">I4s", 7, b"mdat") + bytes(5), []),
    (b"\0\0", []),
]


@pytest.mark.parametrize(("body", "boxes"), FILES)
def test_the_boxes_of_a_file(body: bytes, boxes: list[tuple[bytes, int, int]]) -> None:
    assert list(top_level(io.BytesIO(body))) == boxes
    assert list(top_level(io.BytesIO(body), len(body))) == boxes


def test_the_boxes_of_a_box() -> None:
    body = memoryview(box(b"tkhd", b"1") + large(b"mdia", box(b"mdhd", b"23")) + struct.pack(">I4s", 0, b"udta") + b"4")
    assert [(kind, bytes(payload[-1:])) for kind, payload in children(body)] == [
        (b"tkhd", b"1"), (b"mdia", b"3"), (b"udta", b"4")
    ]  # fmt: skip
    found = child(body, b"mdia", b"mdhd")
    assert found is not None
    assert bytes(found) == b"23"
    assert child(body, b"mdia", b"minf") is None
    assert list(children(memoryview(bytes(8)))) == []


@pytest.mark.parametrize("size", [1, 7, 9, 1 << 31])
def test_a_box_does_not_leave_its_container(size: int) -> None:
    with pytest.raises(NotPlain):
        list(children(memoryview(struct.pack(">I4s", size, b"stsz"))))


@given(st.binary(max_size=200))
def test_any_bytes_have_an_end(body: bytes) -> None:
    assert sum(1 for _ in top_level(io.BytesIO(body))) <= len(body) // 8
