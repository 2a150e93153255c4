"""Which pictures of a title make good posters. Pure.

The measures are those of ffmpeg's filters signalstats, entropy and blurdetect, over a small picture. A poster has
much to see (entropy), is sharp, neither dark nor washed out, and rather colourful; and the candidates are not all of
one moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_MIDDLE: Final = 115.0
"""The mean luma (8 bit, limited range) of a picture that is well exposed."""
_COLOURFUL: Final = 40.0
EDGELESS: Final = 15.0
"""The blur of a picture without an edge to measure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a picture looks: grid frame; mean luma and saturation (8 bit); entropy of the luma, 0 to 1; blur, about 3
    (sharp) to EDGELESS."""

    frame: int
    luma: float
    saturation: float
    entropy: float
    blur: float

    @property
    def score(self) -> float:
        """Below 0 for a black picture, about 0.4 to 0.7 for good ones."""
        exposure = abs(self.luma - _MIDDLE) / 250
        colour = min(self.saturation, _COLOURFUL) / 4 / _COLOURFUL
        return round(self.entropy + colour - min(self.blur, EDGELESS) / EDGELESS - exposure, 4)


def choose(looks: Iterable[Look], *, frames: int, count: int) -> tuple[Look, ...]:
    """At most `count` of these pictures of a title of `frames` grid frames, the best first.

    No two are closer than a part of the title that leaves room for all; the very ends (fades, titles) come last.
    """
    ranked = sorted(looks, key=lambda look: (_is_at_an_end(look, frames), -look.score, look.frame))
    apart = frames // (2 * count)
    found: list[Look] = []
    for look in ranked:
        if len(found) < count and all(abs(look.frame - other.frame) >= max(apart, 1) for other in found):
            found.append(look)
    return tuple(found)


def _is_at_an_end(look: Look, frames: int) -> bool:
    return not frames // 50 <= look.frame < frames - frames // 50
