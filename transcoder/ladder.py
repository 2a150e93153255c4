"""The ladder: which renditions of a picture are made, and with how many bits.

The steps and their average rates are Apple's H.264 table ("HLS authoring specification", encoding targets); any other
size gets a rate in between. A step is a box that the upright picture is fitted into, so portrait, square and wide
pictures keep their aspect ratio. A profile may have other steps.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from fractions import Fraction
from math import exp, log
from typing import TYPE_CHECKING, Final, assert_never

from manifests.codecs import av01, avc1, hvc1
from manifests.layout import RenditionId
from transcoder import further_codecs
from transcoder.levels import level_for
from transcoder.plan import VideoRung
from transcoder.profile import DEFAULT, Codec, Profile, Row

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderSettings:
    """`steps` from small to large, `gop` and `segment` (seconds) as in the profile. `buffer` is the decoder buffer in
    seconds of maxrate. A picture up to `slack` times the largest step is not scaled down; a step is left out when the
    next one is less than `slack` times as large.
    """

    steps: tuple[Row, ...] = DEFAULT.ladder
    gop: int = DEFAULT.gop
    segment: int = DEFAULT.segment
    buffer: Fraction = Fraction(1)
    slack: Fraction = Fraction(9, 8)


def settings_of(profile: Profile) -> LadderSettings:
    """The ladder that a profile asks for."""
    # Apple 1.30: the peak of any segment is at most 200 % of the average. A segment may hold maxrate for its length
    # and a full buffer on top: 1.5 · (1 + 1 s / 4 s) = 188 %.
    buffer = min(Fraction(1), Fraction(profile.segment, 4))
    return LadderSettings(steps=profile.ladder, gop=profile.gop, segment=profile.segment, buffer=buffer)


_MIN_SIDE: Final = 64  # a rung's shorter side is not scaled below this; decoders in hardware begin near it
_HIGH_RATE: Final = Fraction(2, 5)  # more bits at 60 fps than at 30: Apple's 4500/3000 and 7800/6000 lie around it
_MAIN: Final = 240  # lines up to which rungs are in the Main profile, for phones that know nothing better
_FAST: Final = Fraction(47)  # from 47.952 on, half of it is a rate that films have; 31 would become 15.5
_OVERHEAD: Final = Fraction(102, 100)  # boxes around the pictures
_SMALL_POWER: Final = 0.75  # how bits follow pixels outside of the table


def upright(width: int, height: int, *, sar: Fraction, rotation: int) -> tuple[int, int]:
    """The size of a decoded picture as it is to be seen: square pixels, turned, even (H.264 4:2:0). At least 2×2.

    Lines are kept and the width follows the sample aspect ratio. A ratio within 1 % of square is an encoder's rounding.
    """
    if abs(sar - 1) >= Fraction(1, 100) and Fraction(1, 16) <= sar <= 16:
        width = round(width * sar)
    if rotation % 180:
        width, height = height, width
    return max(2, width - width % 2), max(2, height - height % 2)


def rungs(
    width: int, height: int, *, rate: Fraction, version: int, settings: LadderSettings | None = None
) -> tuple[VideoRung, ...]:
    """The renditions of an upright picture at `rate` frames a second, smallest first; at least one, none larger. Those
    in H.264 come before all others.

    The top rung has the picture's own size where that lies between two steps.
    """
    settings = settings or settings_of(DEFAULT)
    sizes = dict(_sizes(width, height, settings))  # of two steps that collapse into one size the larger wins
    named = list(zip(sizes.items(), _names(sizes), strict=True))
    return tuple(
        _rung(size, step, codec, name if codec is Codec.H264 else f"{name}-{codec}", rate, version, settings)
        for codec in Codec
        for place, ((size, step), name) in enumerate(named)
        # Of a picture that is smaller than every step of H.264 there is one all the same.
        if codec in step.codecs or (codec is Codec.H264 and not place)
    )


def _sizes(width: int, height: int, settings: LadderSettings) -> Iterable[tuple[tuple[int, int], Row]]:
    long, short = max(width, height), min(width, height)
    # How large the picture is in each step's box: 1 where it fits as it is.
    fits = [(min(Fraction(step.width, long), Fraction(step.height, short)), step) for step in settings.steps]
    fits.sort(key=lambda each: each[0])
    shrinks = False
    for scale, step in fits:
        shrinks = scale * settings.slack < 1 and short * scale >= min(_MIN_SIDE, short)
        if shrinks or (scale == 1 and short * scale >= min(_MIN_SIDE, short)):
            yield (_even(width * scale), _even(height * scale)), step
    if not shrinks:
        place = min(bisect_left([scale for scale, _ in fits], 1), len(fits) - 1)
        yield (width, height), fits[place][1]


def _names(sizes: Iterable[tuple[int, int]]) -> list[str]:
    """By the shorter side, as people say it; the longer one beside it where two rungs share it."""
    shorts = [min(size) for size in sizes]
    return [f"{min(size)}" if shorts.count(min(size)) == 1 else f"{min(size)}x{max(size)}" for size in sizes]


def _even(value: Fraction) -> int:
    return max(2, 2 * round(value / 2))


def _rung(
    size: tuple[int, int], step: Row, codec: Codec, name: str, rate: Fraction, version: int, settings: LadderSettings
) -> VideoRung:
    width, height = size
    divisor = 2 if step.halved and rate >= _FAST else 1
    average = further_codecs.bits(codec, average_rate(width * height, rate / divisor, settings))
    maxrate, bufsize, bandwidth = caps(average, step.peak, settings)
    profile = "high" if codec is Codec.H264 and step.height > _MAIN else "main"
    level = level_for(
        width, height, rate=rate / divisor, maxrate=maxrate, bufsize=bufsize, profile=profile, codec=codec
    )
    return VideoRung(
        id=RenditionId(f"v{name}-{version}"),
        width=width,
        height=height,
        divisor=divisor,
        crf=further_codecs.crf(codec, step.crf),
        average=average,
        maxrate=maxrate,
        bufsize=bufsize,
        profile=profile,
        level=level,
        codecs=_named(codec, profile, level),
        bandwidth=bandwidth,
        codec=codec,
    )


def _named(codec: Codec, profile: str, level: str) -> str:
    """The RFC 6381 string."""
    match codec:
        case Codec.H264:
            return avc1(profile, level)
        case Codec.HEVC:
            return hvc1(level)
        case Codec.AV1:
            return av01(level)
        case _:
            assert_never(codec)


def caps(average: float, peak: Fraction, settings: LadderSettings) -> tuple[int, int, int]:
    """Maxrate (b/s), bufsize (bits) and declared peak (b/s) of a rung of `average` b/s; `peak` is maxrate over it."""
    maxrate = int(Fraction(average) * peak)
    bufsize = int(maxrate * settings.buffer)
    return maxrate, bufsize, int((maxrate + bufsize / Fraction(settings.segment)) * _OVERHEAD)


def average_rate(pixels: int, rate: Fraction, settings: LadderSettings) -> int:
    """Average b/s (whole thousands) for a picture of `pixels` at `rate`: the table, and straight lines between its
    steps on logarithmic scales."""
    table = [(log(step.width * step.height), log(step.average)) for step in settings.steps]
    x = log(pixels)
    place = bisect_left([at for at, _ in table], x)
    if place in (0, len(table)):
        at, bits = table[min(place, len(table) - 1)]
        found = bits + _SMALL_POWER * (x - at)
    else:
        (x0, y0), (x1, y1) = table[place - 1 : place + 1]
        found = y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    faster = 1 + _HIGH_RATE * (min(rate, Fraction(60)) - 30) / 30 if rate > 30 else Fraction(1)
    return max(64, round(exp(found) * float(faster) / 1000)) * 1000
