"""The ladder: which renditions of a picture are made, and with how many bits.

The steps and their average rates are Apple's H.264 table ("HLS authoring specification", encoding targets); any other
size gets a rate in between. A step is a box that the upright picture is fitted into, so portrait, square and wide
pictures keep their aspect ratio. A profile may have other steps.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from fractions import Fraction
from math import exp, isqrt, log
from typing import TYPE_CHECKING, Final

from manifests.codecs import avc1
from manifests.layout import RenditionId
from transcoder.plan import VideoRung
from transcoder.profile import DEFAULT, Profile, Row

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A row of ITU-T H.264 table A-1: macroblocks a second and a frame, decoded picture buffer (macroblocks), bit rate
    and coded picture buffer (1,000 b/s, 1,000 bits; times 1.25 in High, table A-2)."""

    name: str
    rate: int
    frame: int
    dpb: int
    bits: int
    buffer: int


LEVELS: Final = tuple(
    Level(name=name, rate=rate, frame=frame, dpb=dpb, bits=bits, buffer=buffer)
    for name, rate, frame, dpb, bits, buffer in (
        ("1.0", 1_485, 99, 396, 64, 175),
        ("1.1", 3_000, 396, 900, 192, 500),
        ("1.2", 6_000, 396, 2_376, 384, 1_000),
        ("1.3", 11_880, 396, 2_376, 768, 2_000),
        ("2.0", 11_880, 396, 2_376, 2_000, 2_000),
        ("2.1", 19_800, 792, 4_752, 4_000, 4_000),
        ("2.2", 20_250, 1_620, 8_100, 4_000, 4_000),
        ("3.0", 40_500, 1_620, 8_100, 10_000, 10_000),
        ("3.1", 108_000, 3_600, 18_000, 14_000, 14_000),
        ("3.2", 216_000, 5_120, 20_480, 20_000, 20_000),
        ("4.0", 245_760, 8_192, 32_768, 20_000, 25_000),
        ("4.1", 245_760, 8_192, 32_768, 50_000, 62_500),
        ("4.2", 522_240, 8_704, 34_816, 50_000, 62_500),
        ("5.0", 589_824, 22_080, 110_400, 135_000, 135_000),
        ("5.1", 983_040, 36_864, 184_320, 240_000, 240_000),
        ("5.2", 2_073_600, 36_864, 184_320, 240_000, 240_000),
        ("6.0", 4_177_920, 139_264, 696_320, 240_000, 240_000),
        ("6.1", 8_355_840, 139_264, 696_320, 480_000, 480_000),
        ("6.2", 16_711_680, 139_264, 696_320, 800_000, 800_000),
    )
)
_REFERENCES: Final = 4  # pictures that the encoder keeps: three references and the current one


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
    """The renditions of an upright picture at `rate` frames a second, smallest first; at least one, none larger.

    The top rung has the picture's own size where that lies between two steps.
    """
    settings = settings or settings_of(DEFAULT)
    sizes = dict(_sizes(width, height, settings))  # of two steps that collapse into one size the larger wins
    named = zip(sizes.items(), _names(sizes), strict=True)
    return tuple(_rung(size, step, name, rate, version, settings) for (size, step), name in named)


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
    size: tuple[int, int], step: Row, name: str, rate: Fraction, version: int, settings: LadderSettings
) -> VideoRung:
    width, height = size
    divisor = 2 if step.halved and rate >= _FAST else 1
    average = average_rate(width * height, rate / divisor, settings)
    maxrate, bufsize, bandwidth = caps(average, step.peak, settings)
    profile = "main" if step.height <= _MAIN else "high"
    level = level_for(width, height, rate=rate / divisor, maxrate=maxrate, bufsize=bufsize, profile=profile)
    return VideoRung(
        id=RenditionId(f"v{name}-{version}"),
        width=width,
        height=height,
        divisor=divisor,
        crf=step.crf,
        average=average,
        maxrate=maxrate,
        bufsize=bufsize,
        profile=profile,
        level=level.name,
        codecs=avc1(profile, level.name),
        bandwidth=bandwidth,
    )


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


def level_for(width: int, height: int, *, rate: Fraction, maxrate: int, bufsize: int, profile: str) -> Level:
    """The lowest level of H.264 that allows a stream (§A.3.1, §A.3.3; at 6.2 there is nothing higher)."""
    across, down = -(-width // 16), -(-height // 16)
    factor = Fraction(5, 4) if profile == "high" else Fraction(1)
    for level in LEVELS:
        if (
            across * down <= level.frame
            and max(across, down) <= isqrt(8 * level.frame)
            and across * down * rate <= level.rate
            and across * down * _REFERENCES <= level.dpb
            and maxrate <= level.bits * 1000 * factor
            and bufsize <= level.buffer * 1000 * factor
        ):
            return level
    return LEVELS[-1]
