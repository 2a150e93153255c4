"""How the colours of a source are to be read: what it says, and what is meant by one that says nothing. Pure."""

from __future__ import annotations

from typing import Final

from transcoder.plan import Colour

_MATRICES: Final = {
    0: "rgb", 1: "709", 4: "fcc", 5: "470bg", 6: "170m", 7: "240m", 8: "ycgco", 9: "2020_ncl", 10: "2020_cl",
}  # fmt: skip
"""ITU-T H.273 table 4, as zscale names them."""

TRANSFERS: Final = {16: "pq", 18: "hlg"}
"""Of HDR: ITU-T H.273 table 3, SMPTE ST 2084 and ARIB STD-B67."""

_BT2020: Final = 9
_WIDE: Final = frozenset(("2020_ncl", "2020_cl"))
_UNSPECIFIED: Final = 2

HD_PIXELS: Final = 1280 * 576
"""What players take for HD: a picture as large that does not say its matrix means BT.709, a smaller one BT.601."""


def source_colour(*, coefficients: int, primaries: int, hdr: bool, full_range: bool, pixels: int) -> Colour:
    """By the matrix coefficients and primaries of ITU-T H.273, and by the `pixels` of the picture.

    HDR is BT.2020 whatever the primaries say (ITU-R BT.2100 knows no other). Of BT.601's primaries nothing is made:
    they are a hair's breadth from BT.709's, and half of the files that claim them do not mean them.
    """
    matrix = _MATRICES.get(coefficients)
    if matrix is None:
        matrix = "2020_ncl" if hdr or primaries == _BT2020 else "709" if pixels >= HD_PIXELS else "170m"
    wide = hdr or primaries == _BT2020 or (primaries == _UNSPECIFIED and matrix in _WIDE)
    return Colour(matrix=matrix, full_range=full_range, wide=wide)
