"""What HEVC and AV1 need for the quality of an H.264 rung: fewer bits, another CRF. Pure; measured in docs/encoding.md.

The ladder, fixed or a title's own, is chosen for H.264. A rung in another codec stands beside the H.264 rung of its
size: the same pictures at about the same quality.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from transcoder.profile import Codec


@dataclass(frozen=True, slots=True, kw_only=True)
class Equal:
    """What equals H.264 in quality: its bits times `bits`; CRF `base` for x264's 22, and `step` more for each more.
    `work` is CPU time for a pixel against x264's."""

    bits: Fraction
    base: int
    step: Fraction
    work: int


_EQUAL: Final = {
    Codec.H264: Equal(bits=Fraction(1), base=22, step=Fraction(1), work=1),
    Codec.HEVC: Equal(bits=Fraction(3, 4), base=24, step=Fraction(11, 10), work=3),
    Codec.AV1: Equal(bits=Fraction(7, 10), base=38, step=Fraction(2), work=3),
}
_LEAST_CRF: Final = 16
_MOST_CRF: Final = {Codec.H264: 51, Codec.HEVC: 51, Codec.AV1: 63}


def crf(codec: Codec, of_h264: int) -> int:
    """The CRF of a codec that looks like this one of x264's."""
    equal = _EQUAL[codec]
    return min(max(_LEAST_CRF, round(equal.base + equal.step * (of_h264 - 22))), _MOST_CRF[codec])


def bits(codec: Codec, of_h264: int) -> int:
    """The b/s, or bits, that do the work of these."""
    return int(of_h264 * _EQUAL[codec].bits)


def work(codec: Codec) -> int:
    """CPU time for a pixel, against x264's."""
    return _EQUAL[codec].work
