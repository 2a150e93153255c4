from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.http.problem import RangeNotSatisfiable
from streaming.http.ranges import ByteRange, parse_range


@pytest.mark.parametrize(
    ("header", "start", "length"),
    [
        ("bytes=0-", 0, 100),
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 10),
        ("bytes=90-1000", 90, 10),
        ("bytes=90-99999999999999999999999", 90, 10),
        ("bytes=-5", 95, 5),
        ("bytes=-500", 0, 100),
        (" Bytes = 1 - 2 ", 1, 2),
    ],
)
def test_one_range(header: str, start: int, length: int) -> None:
    assert parse_range(header, 100) == ByteRange(start=start, length=length, size=100)


@pytest.mark.parametrize(
    "header", [None, "", "bytes=5-4", "bytes=0-1,5-6", "items=0-1", "bytes=a-b", "bytes=-", "bytes"]
)
def test_what_is_no_single_range_means_the_whole(header: str | None) -> None:
    assert parse_range(header, 100) is None


@pytest.mark.parametrize(("header", "size"), [("bytes=100-", 100), ("bytes=-0", 100), ("bytes=0-", 0), ("bytes=-1", 0)])
def test_nothing_to_send(header: str, size: int) -> None:
    with pytest.raises(RangeNotSatisfiable) as refused:
        parse_range(header, size)
    assert refused.value.headers["Content-Range"] == f"bytes */{size}"


@given(st.text("bytes=-,0123456789 ", max_size=20), st.integers(0, 1000))
def test_a_range_lies_within_the_object(header: str, size: int) -> None:
    try:
        found = parse_range(header, size)
    except RangeNotSatisfiable:
        return
    if found is not None:
        assert 0 <= found.start < found.start + found.length <= size
        assert found.content_range == f"bytes {found.start}-{found.start + found.length - 1}/{size}"
