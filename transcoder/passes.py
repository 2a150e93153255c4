"""How what is missing of a window is encoded: in passes, each one process over consecutive segments. Pure.

A segment that exists in some rungs only (a viewer waited for them) can be made in two ways: in a process of its own
that encodes what it lacks, or in the one that encodes its neighbours, once more in all rungs. The first costs another
start, the second the needless rungs. Costs are counted in encoded pixels, as measured; only their ratios matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from manifests.layout import RenditionId
from transcoder.further_codecs import work
from transcoder.windows import codec_of

if TYPE_CHECKING:
    from collections.abc import Sequence, Set

    from transcoder.plan import Plan, VideoPlan

_START: Final = 20_000_000
"""Of a process: fork, filter graph, seek, and on average half a group of pictures that is decoded for nothing."""

_DECODED: Final = 6
"""So many pixels are decoded in the time in which one is encoded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One encode: segments [first, first + count) in these renditions."""

    first: int
    count: int
    renditions: frozenset[RenditionId]

    @property
    def names(self) -> frozenset[tuple[RenditionId, int]]:
        return frozenset((rendition, n) for rendition in self.renditions for n in range(self.first, self.end))

    @property
    def end(self) -> int:
        return self.first + self.count


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What a process start, and one segment in the decoder and in each rung's encoder, cost."""

    start: int
    decode: int
    encode: Mapping[RenditionId, int]

    def of(self, made: Pass) -> int:
        return self.start + made.count * (self.decode + sum(self.encode[rendition] for rendition in made.renditions))


def costs(plan: Plan, track: str) -> Costs:
    """Of a whole segment of a track."""
    codec = codec_of(track)
    if codec is None or plan.video is None:
        return Costs(start=1, decode=0, encode={sound.id: 1 for sound in plan.audio})
    video = plan.video.only(codec)
    decode = video.width * video.height * video.segment // _DECODED
    return Costs(start=_START, decode=decode, encode={rung.id: _pixels(video, rung.id) for rung in video.rungs})


def _pixels(video: VideoPlan, rendition: RenditionId) -> int:
    rung = next(rung for rung in video.rungs if rung.id == rendition)
    return rung.width * rung.height * video.segment // rung.divisor * work(rung.codec)


def passes(missing: Mapping[int, Set[RenditionId]], prices: Costs) -> tuple[Pass, ...]:
    """The cheapest passes that make all of `missing` (segment → renditions it lacks), in order of segments.

    A pass may make what is not missing, and bridge segments that lack nothing, where another start would cost more.
    Stretches are short (a window), so every way to cut them is looked at.
    """
    numbers = sorted(number for number, lacking in missing.items() if lacking)
    # best[i]: the cheapest way to make numbers[:i], and its last pass.
    best: list[tuple[int, Pass | None, int]] = [(0, None, 0)]
    for end in range(1, len(numbers) + 1):
        wanted: frozenset[RenditionId] = frozenset()
        found: list[tuple[int, Pass, int]] = []
        for begin in reversed(range(end)):
            wanted |= missing[numbers[begin]]
            made = Pass(first=numbers[begin], count=numbers[end - 1] - numbers[begin] + 1, renditions=wanted)
            found.append((best[begin][0] + prices.of(made), made, begin))
        best.append(min(found, key=lambda option: (option[0], option[2])))
    return tuple(reversed(_walk(best)))


def _walk(best: Sequence[tuple[int, Pass | None, int]]) -> list[Pass]:
    made: list[Pass] = []
    place = len(best) - 1
    while (last := best[place][1]) is not None:
        made.append(last)
        place = best[place][2]
    return made


def is_worth_leaving(left: Pass, lost: Set[tuple[RenditionId, int]], prices: Costs) -> bool:
    """Whether to end a pass of which `left` is still to be encoded, because others make `lost` by now, and to make the
    rest in new passes."""
    if not left.count:
        return False
    missing = {
        number: {rendition for rendition in left.renditions if (rendition, number) not in lost}
        for number in range(left.first, left.end)
    }
    going_on = prices.of(left) - prices.start
    return sum(prices.of(made) for made in passes(missing, prices)) < going_on
