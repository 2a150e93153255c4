from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcoder.captions.mov_text import cue_text


def sample(text: bytes, *styles: tuple[int, int, int]) -> bytes:
    records = b"".join(struct.pack(">HHHBB4s", start, end, 1, face, 18, b"\xff" * 4) for start, end, face in styles)
    box = struct.pack(">I4sH", 10 + len(records), b"styl", len(styles)) + records if styles else b""
    return len(text).to_bytes(2, "big") + text + box


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (sample(b""), ""),
        (b"\0", ""),
        (sample(b"Fish & chips\r\n<now>"), "Fish &amp; chips\n&lt;now&gt;"),
        (sample(b"plain bold"), "plain bold"),
        (sample(b"plain bold", (6, 10, 1)), "plain <b>bold</b>"),
        (sample(b"all", (0, 3, 7)), "<b><i><u>all</u></i></b>"),
        (sample(b"ab", (1, 2, 2), (0, 1, 1)), "<b>a</b><i>b</i>"),
        (sample(b"ab", (0, 9, 1)), "ab"),  # a style of letters that are not there
        (sample("é".encode("utf-16")), "é"),
        (sample(b"a")[:-1] + b"a" + b"\0\0\0\x20hclr", "a"),
    ],
)
def test_a_sample_as_cue_text(body: bytes, text: str) -> None:
    assert cue_text(body) == text


@given(st.binary(max_size=80), st.binary(max_size=40))
def test_damage_raises_nothing(text: bytes, boxes: bytes) -> None:
    cue_text(len(text).to_bytes(2, "big") + text + boxes)
    cue_text(sample(text, (0, 2, 3)) + boxes)
    cue_text(boxes)
