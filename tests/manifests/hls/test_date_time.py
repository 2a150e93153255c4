from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.hls import date_time


@given(st.integers(-(10**13), 10**14))
def test_milliseconds_survive(epoch_ms: int) -> None:
    date = date_time.from_ms(epoch_ms)
    assert date_time.to_ms(date) == epoch_ms
    assert date_time.parse(date_time.render(date)) == date


def test_it_is_written_in_utc_to_the_millisecond() -> None:
    assert date_time.render(date_time.from_ms(1_795_334_400_040)) == "2026-11-22T08:00:00.040Z"
    assert date_time.render(datetime.fromisoformat("2010-02-19T14:54:23.031+08:00")) == "2010-02-19T06:54:23.031Z"


@pytest.mark.parametrize(
    "text", ["2026-11-22T08:00:00+0100", "2026-11-22T07:00:00.0Z", "2026-11-22T07:00:00.000+00:00"]
)
def test_zones_and_fractions_of_others_are_read(text: str) -> None:
    assert date_time.to_ms(date_time.parse(text)) == 1_795_330_800_000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-22",
        "2026-11-22T08:00:00",
        "2026-13-01T00:00:00Z",
        "2026-11-22T08:00:00.1234Z",
        "0001-01-01T00:00:00+23:00",
    ],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"date|month|calendar"):
        date_time.parse(text)


@pytest.mark.parametrize("text", ["2026-11-22T08:00:00", "2026-11-22T08:00:00.000001+00:00"])
def test_what_has_no_exact_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no time zone|between milliseconds"):
        date_time.render(datetime.fromisoformat(text))
