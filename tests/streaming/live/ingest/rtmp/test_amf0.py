from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.live.ingest.errors import ProtocolFault
from streaming.live.ingest.rtmp.amf0 import decode, encode

VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1, max_size=9), inner, max_size=4),
    max_leaves=12,
)


@given(values=st.lists(VALUES, max_size=4))
def test_what_is_encoded_is_decoded(values: list[object]) -> None:
    try:
        assert decode(encode(*values)) == values  # type: ignore[arg-type]
    except ProtocolFault as exc:
        assert "nested" in exc.detail  # noqa: PT017 - depth is limited on purpose


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"\x00\x40\x00\x00\x00\x00\x00\x00\x00", 2.0),
        (b"\x01\x01", True),
        (b"\x02\x00\x02hi", "hi"),
        (b"\x02\x00\x01\xff", "\ufffd"),
        (b"\x03\x00\x01a\x05\x00\x00\x09", {"a": None}),
        (b"\x06", None),
        (b"\x08\x00\x00\x00\x07\x00\x01a\x06\x00\x00\x09", {"a": None}),
        (b"\x0a\x00\x00\x00\x02\x05\x01\x00", [None, False]),
        (b"\x0b" + struct.pack(">d", 1e12) + b"\0\0", 1e12),
        (b"\x0c\x00\x00\x00\x02hi", "hi"),
        (b"\x10\x00\x01C\x00\x01a\x05\x00\x00\x09", {"a": None}),
        (b"\x03\x00\x00\x05\x00\x00\x09", {"": None}),
    ],
)
def test_every_type(body: bytes, value: object) -> None:
    assert decode(body) == [value]


@pytest.mark.parametrize(
    "body",
    [
        b"\x00\x40",  # a number's half
        b"\x02\xff\xffhi",  # a string longer than the message
        b"\x03\x00\x01a\x05",  # an object without an end
        b"\x07\x00\x01",  # a reference
        b"\x11\x00",  # AMF3
        b"\xff",
        b"\x0a\xff\xff\xff\xff\x05",  # four thousand million values declared
        b"\x0a\x00\x00\x00\x01" * 20,  # nested too deep
        b"\x05" * 3000,  # too many
    ],
)
def test_what_is_broken_is_refused(body: bytes) -> None:
    with pytest.raises(ProtocolFault):
        decode(body)
