"""Levels: how much a decoder must be able to do, by codec. Pure, from the standards' tables.

Each encoder is told its level, so that what CODECS says before anything is encoded is what its headers will say.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import Final

from transcoder.profile import Codec


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


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleLevel:
    """A row of ITU-T H.265 tables A.8 and A.9, or of AV1's annex A.3: luma samples a picture and a second, bit rate and
    coded picture buffer (1,000 b/s, 1,000 bits; Main tier)."""

    name: str
    frame: int
    rate: int
    bits: int
    buffer: int


_HEVC: Final = (
    # Levels 1 to 2 are left out: no decoder is that small.
    SampleLevel(name="2.1", frame=245_760, rate=7_372_800, bits=3_000, buffer=3_000),
    SampleLevel(name="3.0", frame=552_960, rate=16_588_800, bits=6_000, buffer=6_000),
    SampleLevel(name="3.1", frame=983_040, rate=33_177_600, bits=10_000, buffer=10_000),
    SampleLevel(name="4.0", frame=2_228_224, rate=66_846_720, bits=12_000, buffer=12_000),
    SampleLevel(name="4.1", frame=2_228_224, rate=133_693_440, bits=20_000, buffer=20_000),
    SampleLevel(name="5.0", frame=8_912_896, rate=267_386_880, bits=25_000, buffer=25_000),
    SampleLevel(name="5.1", frame=8_912_896, rate=534_773_760, bits=40_000, buffer=40_000),
    SampleLevel(name="5.2", frame=8_912_896, rate=1_069_547_520, bits=60_000, buffer=60_000),
    SampleLevel(name="6.0", frame=35_651_584, rate=1_069_547_520, bits=60_000, buffer=60_000),
    SampleLevel(name="6.1", frame=35_651_584, rate=2_139_095_040, bits=120_000, buffer=120_000),
    SampleLevel(name="6.2", frame=35_651_584, rate=4_278_190_080, bits=240_000, buffer=240_000),
)
_AV1: Final = (
    SampleLevel(name="2.0", frame=147_456, rate=4_423_680, bits=1_500, buffer=1_500),
    SampleLevel(name="2.1", frame=278_784, rate=8_363_520, bits=3_000, buffer=3_000),
    SampleLevel(name="3.0", frame=665_856, rate=19_975_680, bits=6_000, buffer=6_000),
    SampleLevel(name="3.1", frame=1_065_024, rate=31_950_720, bits=10_000, buffer=10_000),
    SampleLevel(name="4.0", frame=2_359_296, rate=70_778_880, bits=12_000, buffer=12_000),
    SampleLevel(name="4.1", frame=2_359_296, rate=141_557_760, bits=20_000, buffer=20_000),
    SampleLevel(name="5.0", frame=8_912_896, rate=267_386_880, bits=30_000, buffer=30_000),
    SampleLevel(name="5.1", frame=8_912_896, rate=534_773_760, bits=40_000, buffer=40_000),
    SampleLevel(name="5.2", frame=8_912_896, rate=1_069_547_520, bits=60_000, buffer=60_000),
    SampleLevel(name="6.0", frame=35_651_584, rate=1_069_547_520, bits=60_000, buffer=60_000),
    SampleLevel(name="6.1", frame=35_651_584, rate=2_139_095_040, bits=100_000, buffer=100_000),
    SampleLevel(name="6.2", frame=35_651_584, rate=4_278_190_080, bits=160_000, buffer=160_000),
)
_BLOCK: Final = 8  # luma samples: pictures are coded in whole blocks of so many, each way


def level_for(
    width: int, height: int, *, rate: Fraction, maxrate: int, bufsize: int, profile: str, codec: Codec = Codec.H264
) -> str:
    """The lowest level of a codec that allows a stream; the highest, if none does."""
    if codec is Codec.H264:
        return _avc(width, height, rate=rate, maxrate=maxrate, bufsize=bufsize, profile=profile).name
    across, down = (-(-side // _BLOCK) * _BLOCK for side in (width, height))
    levels = _HEVC if codec is Codec.HEVC else _AV1
    for level in levels:
        if (
            across * down <= level.frame
            # H.265 §A.4.1; AV1 allows somewhat less and somewhat more, by level.
            and max(across, down) <= isqrt(8 * level.frame)
            and across * down * rate <= level.rate
            and maxrate <= level.bits * 1000
            and bufsize <= level.buffer * 1000
        ):
            return level.name
    return levels[-1].name


def _avc(width: int, height: int, *, rate: Fraction, maxrate: int, bufsize: int, profile: str) -> Level:
    """H.264 §A.3.1, §A.3.3."""
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
