from __future__ import annotations

from fractions import Fraction

import av
import pytest

from transcoder.probe.track import behind, is_shown, plausible

MS = Fraction(1, 1000)


@pytest.mark.parametrize(
    ("stamps", "kept"),
    [
        ([0, 40, 80, 120], [0, 1, 2, 3]),
        ([0, 40, 900_000, 120, 160], [0, 1, 3, 4]),
        ([0, 80, 40, -900_000, 160, 120], [0, 1, 2, 4, 5]),
        # A slide show, a long still at the end, a clock that was set anew: nothing stands alone.
        ([0, 20_000, 40_000, 60_000], [0, 1, 2, 3]),
        ([0, 40, 80, 900_000], [0, 1, 2, 3]),
        ([0, 40, 80, 900_000, 900_040, 900_080], [0, 1, 2, 3, 4, 5]),
        ([0, 900_000], [0, 1]),
        ([], []),
    ],
)
def test_a_damaged_time_stamp_is_known_by_its_neighbours(stamps: list[int], kept: list[int]) -> None:
    assert list(plausible(stamps, MS)) == kept


@pytest.mark.parametrize(
    ("codec", "body", "shown"),
    [
        ("vp8", b"\x10\x02\x00\x9d", True),
        ("vp8", b"\x00\x02\x00\x9d", False),
        ("vp9", b"\x82\x49\x83\x42", True),  # a key frame that is shown
        ("vp9", b"\x84\x00\x00\x00", False),  # a frame for others to refer to
        ("vp9", b"\x88\x00", True),  # show_existing_frame
        ("vp9", b"\x84\x00\x00\xc0", True),  # a superframe
        ("h264", b"\x00\x00\x00\x01", True),
    ],
)
def test_pictures_that_are_never_shown_do_not_count(codec: str, body: bytes, shown: bool) -> None:
    assert is_shown(codec, av.Packet(body)) is shown


@pytest.mark.parametrize(
    ("stamps", "count"),
    [
        ([], 0), ([5], 0), ([0, 3600, 1800, 5400], 0),  # B pictures
        ([0, 90_000, 270_000, 0, 90_000, 180_000], 1), ([0, 300_000, 3600, 7200], 2),
    ],
)  # fmt: skip
def test_a_clock_that_goes_back_is_seen(stamps: list[int], count: int) -> None:
    assert behind(stamps, Fraction(1, 90_000)) == count
