"""Integrated loudness from momentary loudness, as ITU-R BS.1770-5 annex 1 gates it. Pure.

The momentary loudness of every 100 ms (of the 400 ms before) is what gating works on, so stretches of a track that are
measured apart give what one measurement of all of them would.
"""

from __future__ import annotations

from math import log10
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

STEP_MS: Final = 100
"""Between two momentary values."""
_ABSOLUTE: Final = -70.0  # LUFS: what is quieter is silence
_RELATIVE: Final = -10.0  # LU below the mean of what is not: pauses
_OFFSET: Final = -0.691


def _mean(values: Iterable[float]) -> float | None:
    """The mean of loudnesses as of their energies; None of none."""
    powers = [10 ** ((value - _OFFSET) / 10) for value in values]
    return _OFFSET + 10 * log10(sum(powers) / len(powers)) if powers else None


def integrated(momentary: Iterable[float]) -> float | None:
    """LUFS of a programme from its momentary loudness (LUFS); None for silence and for less than 400 ms."""
    heard = [value for value in momentary if value > _ABSOLUTE]
    ungated = _mean(heard)
    return None if ungated is None else _mean(value for value in heard if value > ungated + _RELATIVE)
