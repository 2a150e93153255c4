from __future__ import annotations

import pytest

from transcoder.colour import source_colour
from transcoder.plan import Colour

HD, SD = 1920 * 1080, 720 * 576

# ITU-T H.273: matrix and primaries 1 BT.709, 2 unspecified, 5 and 6 BT.601, 9 BT.2020; matrix 0 RGB.
CASES = [
    (1, 1, False, HD, Colour()),
    (6, 6, False, HD, Colour(matrix="170m")),
    (5, 5, False, SD, Colour(matrix="470bg")),
    (2, 2, False, HD, Colour()),
    (2, 2, False, 1280 * 576, Colour()),
    (2, 2, False, SD, Colour(matrix="170m")),
    (99, 2, False, SD, Colour(matrix="170m")),
    (0, 1, False, SD, Colour(matrix="rgb")),
    (9, 2, False, SD, Colour(matrix="2020_ncl", wide=True)),
    (2, 9, False, SD, Colour(matrix="2020_ncl", wide=True)),
    (1, 9, False, HD, Colour(wide=True)),
    (2, 2, True, SD, Colour(matrix="2020_ncl", wide=True)),
    (9, 9, True, HD, Colour(matrix="2020_ncl", wide=True)),
]


@pytest.mark.parametrize(("coefficients", "primaries", "hdr", "pixels", "colour"), CASES)
def test_what_a_source_means(coefficients: int, primaries: int, hdr: bool, pixels: int, colour: Colour) -> None:
    found = source_colour(
        coefficients=coefficients, primaries=primaries, hdr=hdr, full_range=False, pixels=pixels
    )  # fmt: skip
    assert found == colour


def test_the_range_is_taken_over() -> None:
    assert source_colour(coefficients=1, primaries=1, hdr=False, full_range=True, pixels=HD).full_range
