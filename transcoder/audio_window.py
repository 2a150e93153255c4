"""Where the sound of a window lies in a source, and where decoding may begin so that every sample is where it belongs.

The timeline of a source's samples is what decoding all of it gives: samples are counted from the first, and where time
stamps run away from the count by more than 100 ms the gap is filled with silence. Where a stamp tells a sample exactly
a window begins anywhere. Elsewhere (Matroska counts in milliseconds, an MP3 has no stamps) it begins at an entry: a
packet whose place was counted once, by the index. Pure.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, Final

from transcoder.probe.sound import rescale

if TYPE_CHECKING:
    from collections.abc import Iterable

    from transcoder.plan import AudioEntry, AudioPlan, SourceRef

BEFORE: Final = 94
AFTER: Final = 2
"""AAC frames encoded before and after a window's own. With less than four and two the frame at a seam is noisier than
its neighbours; in two seconds the encoder's rate control settles where one long encode would have it."""

ANCHOR: Final = Fraction(1, 25)
"""Seconds. A whole number of samples at every usual rate (8 to 96 kHz, 11.025 to 88.2 kHz): the resampler, started at a
multiple of this, has the same phase in every window."""

WARM_UP: Final = Fraction(1)
"""Seconds decoded before the anchor: decoders need up to 80 ms (Opus) and MP3's bit reservoir to be right."""

_MARGINS: Final = (Fraction(1), Fraction(10))
"""Seconds before an entry to seek to: demuxers that search by time land near it, and not always before."""

_EXACT: Final = frozenset({"mov", "wav", "w64", "aiff", "caf"})
_RATES: Final = frozenset({8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 88200, 96000, 192000})
_TOLERANCE: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What shows that decoding began at the wanted packet: frames whose stamp is less than `least` (in samples of the
    source's rate) are dropped, and the first one that is left is not beyond `most`."""

    least: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How samples are told by counting: from the first decoded one, which has the stamp `zero` but for rounding.

    `skip` samples lie between it and the window's first; less than zero: silence comes first.
    """

    zero: int
    skip: int
    check: Check | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """Where reading begins: at `seek` (seconds on the source's clock; None: at the start) or at a byte `position`.

    Without a `count` stamps tell the samples. `ahead`: seconds of sound between the position and the window's anchor.
    """

    seek: Fraction | None = None
    position: int = 0
    ahead: Fraction = Fraction(0)
    count: Count | None = None


def anchor(track: AudioPlan, first: int) -> Fraction:
    """Seconds of the output at which the resampler starts, so that sample `first` (which may be negative) is made."""
    return Fraction(first, track.sample_rate) // ANCHOR * ANCHOR


def begins(source: SourceRef, track: AudioPlan, start: Fraction) -> Iterable[Begin]:
    """Ways to decode from `start` on (an anchor), the cheapest first; the last one reads the source from its start."""
    if _is_exact(source, track):
        yield Begin(seek=track.origin * track.time_base + start - WARM_UP)
        return
    rate = track.source_rate
    if not rate:
        yield Begin()
        return
    wanted = floor((track.origin * track.time_base + start) * rate + Fraction(1, 2))
    found = _entry_before(track.entries, wanted - ceil(WARM_UP * rate))
    if found is not None and found.position >= 0:
        # Such a file has no clock but the count of what was read.
        skip = wanted - found.sample
        count = Count(zero=0, skip=skip, check=_check(track, 0))
        yield Begin(position=found.position, ahead=Fraction(skip, rate), count=count)
    elif found is not None:
        count = Count(zero=found.sample, skip=wanted - found.sample, check=_check(track, found.stamp))
        for margin in _MARGINS:
            yield Begin(seek=found.stamp * track.time_base - margin, count=count)
    first = rescale(track.start, track.time_base, rate)
    yield Begin(count=Count(zero=first, skip=wanted - first, check=None))


def _check(track: AudioPlan, stamp: int) -> Check:
    tick = ceil(track.time_base * track.source_rate)
    place = rescale(stamp, track.time_base, track.source_rate)
    return Check(least=place - tick * _TOLERANCE, most=place + tick * _TOLERANCE)


def _entry_before(entries: tuple[AudioEntry, ...], sample: int) -> AudioEntry | None:
    place = bisect_right(entries, sample, key=lambda entry: entry.sample)
    return entries[place - 1] if place else None


def _is_exact(source: SourceRef, track: AudioPlan) -> bool:
    """Whether a stamp in the middle of the file tells which sample it is."""
    return source.demuxer in _EXACT and track.time_base.numerator == 1 and track.time_base.denominator in _RATES
