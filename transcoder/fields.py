"""Pictures that a file carries as two fields, each with a stamp of its own (H.264 PAFF). Pure."""

from __future__ import annotations

from array import array
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def whole_pictures(stamps: array[int], decoded: Sequence[int]) -> array[int]:
    """Without the second field of each picture, where the file carries fields on their own (H.264 PAFF)."""
    half = field_interval(stamps, decoded)
    return stamps if half is None else without_second_fields(stamps, half)


def field_interval(stamps: Sequence[int], decoded: Sequence[int]) -> float | None:
    """How far apart two fields are that the file carries on their own; None where it carries whole pictures.

    Known by the pictures that were decoded: they stand at every second stamp.
    """
    shown = sorted(decoded)
    carried = sum(shown[0] <= stamp < shown[-1] for stamp in stamps) if shown else 0
    if len(shown) < 3 or carried < 2 * (len(shown) - 1):
        return None
    return (shown[-1] - shown[0]) / (len(shown) - 1) / 2


def without_second_fields(stamps: Sequence[int], half: float) -> array[int]:
    """The first of the two fields of each picture; `stamps` (rising, not empty) begin with such a one."""
    kept = array("q", [stamps[0]])
    pair = True
    for earlier, later in pairwise(stamps):
        pair = not (pair and later - earlier < 1.5 * half)
        if pair:
            kept.append(later)
    return kept
