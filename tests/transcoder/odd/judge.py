"""What was made of a file, measured against the file itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from tests.transcoder.odd import reference
from tests.transcoder.odd.reference import RATE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.transcoder.odd.package import Package
    from tests.transcoder.odd.reference import Array, Pictures
    from transcoder.plan import VideoPlan

SILENT: Final = -80.0
"""dBFS: below there is nothing to compare."""
_STILL: Final = 1.0
"""dB: a picture in which less than that changes in a frame tells no time."""
_BEGUN: Final = RATE // 20
"""Samples in which an encoder begins: no comparison there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """`likeness` (dB, PSNR of thumbnails) with the pictures of the source at the same times, on average; `earlier` and
    `later`: with those a frame before and behind. `shift`: seconds by which pictures come later than in the source.
    `luma`, `expected_luma`: means, as 8-bit codes. `numbers` of the grid frames that were decoded, by their times."""

    likeness: float
    earlier: float
    later: float
    shift: float
    luma: float
    expected_luma: float
    numbers: tuple[int, ...]
    size: tuple[int, int]
    tags: tuple[int, int, int, int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """`shift`: seconds by which a track comes later than in the source. `levels` of both sides and `expected`, the
    source's: dBFS."""

    shift: float
    levels: tuple[float, float]
    expected: float


def upright(picture: Array, *, degrees: int, mirrored: bool) -> Array:
    """As it is to be seen: flipped left to right if mirrored, then turned clockwise."""
    return np.rot90(picture[:, ::-1] if mirrored else picture, -degrees // 90)


def picture(path: Path, package: Package, *, colour: str, degrees: int, mirrored: bool) -> Picture:
    video = package.plan.video
    assert video is not None
    made = reference.pictures(package.picture, 0, "709")
    rate = float(video.rate)
    # libavformat reads negative composition offsets of fragments as a delay of all.
    numbers = tuple(round((time - made.times[0]) * rate) for time in made.times)
    seen = reference.pictures(path, video.stream, colour, spans=_spans(video))
    small = {place: upright(each, degrees=degrees, mirrored=mirrored) for place, each in seen.thumbnails.items()}
    # The first picture stands on a frame: which one, is seen, not asked.
    guess = round((float(seen.times[0]) - float(video.origin * video.time_base)) * rate)
    alike = {lead: _alike(made, numbers, seen, small, rate=rate, lead=lead) for lead in range(guess - 2, guess + 3)}
    best = max(alike.values())
    lead = min((lead for lead in alike if alike[lead] > best - _STILL), key=lambda lead: abs(lead - guess))
    pairs = _pairs(numbers, seen, small, rate=rate, lead=lead)
    return Picture(
        likeness=alike[lead],
        earlier=alike.get(lead - 1, 0.0),
        later=alike.get(lead + 1, 0.0),
        shift=lead / rate - float(seen.times[0]),
        luma=float(np.mean([reference.luma(made.thumbnails[place]) for place, _ in pairs])),
        expected_luma=float(np.mean([reference.luma(small[shown]) for _, shown in pairs])),
        numbers=numbers,
        size=made.size,
        tags=made.tags,
    )


def _spans(video: VideoPlan) -> tuple[tuple[float, float], tuple[float, float]]:
    """Seconds behind the first picture that are shown in the first segment and in the last, and a little more."""
    segment, rate = video.segment, float(video.rate)
    return (0.0, segment / rate + 1), ((video.segments - 1) * segment / rate - 6, video.frames / rate + 1)


def _pairs(
    numbers: tuple[int, ...], seen: Pictures, small: dict[int, Array], *, rate: float, lead: int
) -> list[tuple[int, int]]:
    """Which picture of the source is to be seen in each that was made, by their places; those of which there are
    thumbnails."""
    step = float(np.median(np.diff(seen.times))) if len(seen.times) > 1 else 1 / rate
    half = min(0.5 / rate, 0.5 * step) + 1e-6
    times = [float(seen.times[0]) + (number - lead) / rate + half for number in numbers]
    shown = [max(0, int(np.searchsorted(seen.times, time)) - 1) for time in times]
    return [(place, which) for place, which in enumerate(shown) if which in small]


def _alike(
    made: Pictures, numbers: tuple[int, ...], seen: Pictures, small: dict[int, Array], *, rate: float, lead: int
) -> float:
    pairs = _pairs(numbers, seen, small, rate=rate, lead=lead)
    return float(np.mean([reference.psnr(made.thumbnails[place], small[shown]) for place, shown in pairs]))


def sound(path: Path, package: Package, number: int) -> Sound:
    track = package.plan.audio[number]
    begins, heard = reference.sound(package.sound[number], 0, seconds=3.5)
    start, expected = reference.sound(path, track.stream, seconds=3.5)
    if track.right is not None:
        other = reference.sound(path, track.right, seconds=3.5)[1]
        length = min(expected.shape[1], other.shape[1])
        expected = np.stack((expected[0, :length], other[0, :length]))
    assert begins == 0
    shift = -float(track.origin * track.time_base)  # a silent track has no other
    if reference.level(expected) > SILENT:
        silence = np.zeros(max(0, round((start + shift) * RATE)))
        skipped = max(0, -round((start + shift) * RATE))
        due = np.concatenate((silence, expected.mean(0)[skipped:]))
        shift += reference.lag(heard.mean(0)[_BEGUN:], due[_BEGUN:])
    return Sound(
        shift=shift,
        levels=(reference.level(heard[0]), reference.level(heard[1])),
        expected=reference.level(expected),
    )
