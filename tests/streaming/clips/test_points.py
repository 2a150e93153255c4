from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.clips.points import frame_at, timecode
from streaming.http.body import InvalidField

NTSC = Fraction(30000, 1001)
RATES = (Fraction(24), Fraction(25), NTSC, Fraction(50), Fraction(60000, 1001))


@pytest.mark.parametrize(
    ("text", "rate", "frame"),
    [
        ("299f", Fraction(25), 299),
        ("0", Fraction(25), 0),
        ("12.48", Fraction(25), 312),
        ("12.47", Fraction(25), 312),  # 311.75
        ("12.46", Fraction(25), 312),  # 311.5: halves up
        ("1:02.5", Fraction(50), 3125),
        ("01:00:00.000", NTSC, 107892),
        ("00:00:10:12", Fraction(25), 262),
        ("00:01:00:00", NTSC, 1800),
        ("00:01:00;02", NTSC, 1800),
        ("00:10:00;00", NTSC, 17982),
        ("01:00:00;00", NTSC, 107892),
        ("90", Fraction(25), 2250),
    ],
)
def test_points(text: str, rate: Fraction, frame: int) -> None:
    assert frame_at(text, rate, pointer="/in") == frame


@pytest.mark.parametrize(
    "text", ["", "x", "-1", "1e3", "1:2:3:4:5", "00:00:00:25", "00:00:01;00", "1:75", "nan", "٣", "1" * 60, "12,5"]
)
def test_what_is_no_place_in_time_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(InvalidField) as refused:
        frame_at(text, Fraction(25), pointer="/out")
    assert "/out" in str(refused.value.__dict__)


def test_numbers_that_drop_frame_leaves_out_are_refused() -> None:
    with pytest.raises(InvalidField, match="leaves out"):
        frame_at("00:01:00;01", NTSC, pointer="/in")


def test_of_sound_only_times_are_understood() -> None:
    assert frame_at("1.5", Fraction(48000), pointer="/in", frames=False) == 72000
    for text in ("12f", "00:00:01:00"):
        with pytest.raises(InvalidField):
            frame_at(text, Fraction(48000), pointer="/in", frames=False)


@settings(deadline=None)
@given(frame=st.integers(0, 10_000_000), rate=st.sampled_from(RATES))
def test_a_timecode_is_read_as_it_was_written(frame: int, rate: Fraction) -> None:
    assert frame_at(timecode(frame, rate), rate, pointer="/in") == frame
    assert frame_at(f"{frame}f", rate, pointer="/in") == frame
