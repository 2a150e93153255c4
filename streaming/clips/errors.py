"""Errors of cutting.

ApiError
├── Conflict
│   └── NothingToCut       the asset cannot be played yet, or its source is gone
└── Unprocessable
    └── CutOutOfRange      the points do not lie in the asset, or the wrong way round
"""

from __future__ import annotations

from streaming.http.problem import Conflict, Unprocessable


class NothingToCut(Conflict):
    """There is nothing to cut from: wait until all of the asset can be played."""

    code, title = "nothing_to_cut", "Nothing to cut"


class CutOutOfRange(Unprocessable):
    """A cut begins before it ends, and both lie in the asset."""

    code, title = "cut_out_of_range", "Not in the asset"
