"""By how much a track is raised. Pure.

The target is reached and the dynamics of the programme are kept: one gain for all of it. Peaks that would then be too
high are limited, which takes some of the loudness away; the gain makes up for that as far as it is little. What is
nearly silent stays so, and no more than 24 dB of noise are raised with anything.
"""

from __future__ import annotations

from typing import Final

from transcoder.audio_mix import CEILING

MOST: Final = 24.0
"""dB that a track is raised at most."""
QUIET: Final = -50.0
"""LUFS. What is quieter has no programme in it: hiss, an open microphone in an empty hall."""
MAKE_UP: Final = 6.0
"""dB that the limiter's loss may be made up for with. More would flatten what lives by its peaks."""
CLOSE: Final = 0.5
"""LU by which a rendition may be off and is left as it is: nobody hears it."""


def gain_for(loudness: float | None, target: float) -> float:
    """dB for a track of this loudness (LUFS; None: silence, or too short to have one), hundredths."""
    if loudness is None or loudness < QUIET:
        return 0.0
    return round(min(target - loudness, MOST), 2)


def made_up(first: float, gain: float, heard: float | None, target: float) -> float:
    """The next try, where a track that was raised by `gain` dB and limited is `heard` at some loudness. `first`: the
    gain by its loudness alone."""
    if heard is None:
        return gain
    return round(min(max(gain + target - heard, first), first + MAKE_UP, max(first, MOST)), 2)


def is_limited(peak: float | None, gain: float) -> bool:
    """Whether a track with this true peak (dBTP) comes to the limiter's ceiling."""
    return peak is not None and peak + gain > CEILING
