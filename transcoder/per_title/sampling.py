"""What of a title is looked into, so that looking costs at most a tenth of the encode. Pure.

A piece is half a GOP, about a second, from the beginning of a segment on. It is encoded in three sizes at two CRFs, and
two of its pictures are scored in each. What that costs, and what a second of the whole ladder costs, is known well
enough in pixels; from the two follows how many pieces a title can afford. A title that cannot afford two keeps the
fixed ladder: one look says nothing of what else there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import log, sqrt
from typing import TYPE_CHECKING, Final

from transcoder.plan import VideoRung

if TYPE_CHECKING:
    from transcoder.plan import VideoPlan

CRFS: Final = (25, 33)
"""The CRFs of the probes: between them lies most of what is chosen."""
SHARE: Final = Fraction(8, 100)
"""Of the ladder's CPU time. The bound is a tenth; sources differ in what it takes to decode them."""
_FEWEST: Final = 2
_MOST: Final = 12
_SCORED: Final = 2
_FEWEST_FRAMES: Final = 12
_LEAST_SIDE: Final = 64  # pixels: VMAF looks at four scales, each half of the one before
_DISPLAY: Final = 1080  # lines of the screen that VMAF's model was made on, three of its heights away

# CPU time in units of a pixel encoded by x264 (about 10 ns), as measured: docs/encoding.md.
_DECODED: Final = 0.25  # a pixel of the source
_DECODED_AGAIN: Final = 0.15  # a pixel of an encode
_COMPARED: Final = 2.0  # a pixel that VMAF scores
_MOVED: Final = 0.6  # a pixel of the picture before it
_PROCESS: Final = 5_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """`segments` whose beginnings are the pieces, of `frames` grid frames each; `scored` are the grid frames, counted
    from the piece's first, that are compared; `probed` the rungs that are encoded, `display` the size they are scaled
    to."""

    segments: tuple[int, ...]
    frames: int
    scored: tuple[int, ...]
    probed: tuple[VideoRung, ...]
    display: tuple[int, int]


def sampling(video: VideoPlan) -> Sampling | None:
    """What is looked into; None where it is not worth it, or cannot be afforded."""
    frames = _frames(video)
    display = on_screen(video.width, video.height)
    if min(display) < _LEAST_SIDE or frames < _FEWEST_FRAMES:
        return None
    probed = _probed(video)
    whole = [number for number in range(video.segments) if len(video.frames_of(number)) >= frames]
    count = min(_MOST, affordable(video), len(whole))
    if count < _FEWEST:
        return None
    # Evenly, each from the middle of its share: neither titles at the beginning nor credits at the end.
    picked = tuple(dict.fromkeys(whole[(2 * place + 1) * len(whole) // (2 * count)] for place in range(count)))
    # Even, for rungs of half the rate have only those; never the first, before which there is none.
    scored = tuple(2 * ((2 * place + 1) * frames // (4 * _SCORED)) for place in range(_SCORED))
    return Sampling(segments=picked, frames=frames, scored=scored, probed=probed, display=display)


def affordable(video: VideoPlan) -> int:
    """How many pieces `SHARE` of the ladder's CPU time pays for."""
    return int(SHARE * video.frames / Fraction(_piece(video) / _frame(video)))


def on_screen(width: int, height: int) -> tuple[int, int]:
    """The size of an upright picture that fills a 16:9 screen of 1080 lines (or, upright, one that is turned)."""
    long, short = max(width, height), min(width, height)
    scale = _DISPLAY / max(Fraction(short), Fraction(long * 9, 16))
    return max(2, 2 * round(width * scale / 2)), max(2, 2 * round(height * scale / 2))


def _probed(video: VideoPlan) -> tuple[VideoRung, ...]:
    """The smallest, the largest, and the one nearest to the middle between them."""
    rungs = sorted(video.rungs, key=_pixels)
    middle = sqrt(_pixels(rungs[0]) * _pixels(rungs[-1]))
    inner = sorted(rungs[1:-1], key=lambda rung: abs(log(_pixels(rung) / middle)))[:1]
    return tuple(dict.fromkeys((rungs[0], *inner, rungs[-1])))


def _frames(video: VideoPlan) -> int:
    """Grid frames of a piece: they fill a GOP twice, or once if half of it is no whole number of any rung's frames."""
    half = video.gop // 2
    return half if half % max(rung.divisor for rung in video.rungs) == 0 else video.gop


def _pixels(rung: VideoRung) -> int:
    return rung.width * rung.height


def _frame(video: VideoPlan) -> float:
    """What a grid frame of the whole ladder costs, in pixels encoded."""
    return sum(_pixels(rung) / rung.divisor for rung in video.rungs) + _DECODED * video.width * video.height


def _piece(video: VideoPlan) -> float:
    """What a piece costs, in pixels encoded. Twice a GOP of the source is decoded before it, and the piece itself."""
    frames, probed = _frames(video), _probed(video)
    width, height = on_screen(video.width, video.height)
    encoded = len(CRFS) * frames * sum(_pixels(rung) / rung.divisor for rung in probed)
    decoded = 2 * (video.gop + frames) * video.width * video.height
    scored = len(CRFS) * len(probed) * _SCORED + 1
    return (
        encoded * (1 + _DECODED_AGAIN)
        + decoded * _DECODED
        + scored * (_COMPARED + _MOVED) * width * height
        + 2 * _PROCESS
    )
