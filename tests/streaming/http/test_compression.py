from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.http.compression import accepts_gzip, gzipped, qvalues


@pytest.mark.parametrize(
    ("header", "zipped"),
    [
        (None, False),
        ("", False),
        ("gzip", True),
        ("GZIP;Q=0.5", True),
        ("gzip;q=0", False),
        ("gzip;q=0.0, *", False),
        ("identity;q=1, *;q=0", False),  # Chromium's native player
        ("identity;q=1, gzip;q=0.5", False),
        ("gzip;q=1.0, identity; q=0.5, *;q=0", True),
        ("*", True),
        ("br", False),
        ("x-gzip", True),
        ("gzip;q=nonsense", False),
        ("gzip;q=nan", False),
        ("gzip;q=7", True),
    ],
)
def test_who_gets_gzip(header: str | None, zipped: bool) -> None:
    assert accepts_gzip(header) is zipped


@given(st.text(max_size=60))
def test_any_header_can_be_read(header: str) -> None:
    assert all(0.0 <= weight <= 1.0 for weight in qvalues(header).values())


def test_the_zipped_form_is_always_the_same() -> None:
    assert gzipped(b"#EXTM3U\n") == gzipped(b"#EXTM3U\n")
    assert gzip.decompress(gzipped(b"#EXTM3U\n")) == b"#EXTM3U\n"
