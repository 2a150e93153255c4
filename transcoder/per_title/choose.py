"""Which rungs a title gets, and with how many bits. Pure.

A viewer plays the best rung that his bandwidth carries. Bandwidths are spread evenly over a logarithmic scale, so what
a ladder is worth is the area under its staircase of VMAF over ln(b/s); each rung has a price, for it is encoded and
stored. Of all ladders that keep the rules below, the one of the greatest worth is taken. Its rungs lie on the hull of
all sizes' curves or near it: at any rate, another size that looks better would be worth more.

The rules: a rung is never dearer than in the fixed ladder; the smallest rate is no higher than the fixed ladder's, so
that bad networks are served; the top rung reaches the target, or the best that the caps allow; rates rise by a factor
of 1.4 at least and of 4 at most, and from rung to rung the picture gets visibly better; where that is a matter of
taste, rates may lie further apart; to encode them all costs no more than `budget`.
A rung may be had with effort (`effort`), better and dearer to encode: it is taken where the budget gives most for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import inf, log
from typing import TYPE_CHECKING, Final

from transcoder.ladder import LadderSettings, caps, settings_of
from transcoder.per_title.effort import second
from transcoder.per_title.ladder import Chosen, Dropped, Point
from transcoder.plan import VideoRung
from transcoder.profile import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from manifests.layout import RenditionId
    from transcoder.per_title.ladder import Curve
    from transcoder.plan import VideoPlan

SEEN: Final = 2.0
"""VMAF by which a rung must be better than the next cheaper one: a third of `NOTICED` is seen by next to nobody."""
NOTICED: Final = 6.0
"""VMAF of a just noticeable difference, to half of the viewers."""
_CLOSEST: Final = log(1.4)
_APART: Final = log(2)
"""Apple's authoring specification has neighbours 1.5 to 2 times apart. Wider gaps are allowed, at a price."""
FARTHEST: Final = log(4)
"""No wider, unless what lies between would look like its neighbours: a BD-rate sees no gaps, but viewers do whose
bandwidth lies in one."""
_GAP: Final = 3.0
"""Worth lost a natural unit of rate beyond `_APART`."""
_RUNG: Final = 0.5
"""Price of a rung: VMAF · ln(b/s)."""
_SMALLER: Final = 1.0
"""Price of a top rung that is not the largest: screens are larger than the one that VMAF looks at."""
_REACHED: Final = 0.3
"""VMAF below the target that counts as reached: less than what one CRF step makes."""
_FLOOR: Final = log(0.8)
"""The smallest rate earns nothing further below the fixed ladder's smallest."""
_ABOVE: Final = 1.0
"""Bandwidths reach this far, in natural units, above the fixed ladder's top rate."""
_PRICES: Final = (0.0, *(10 * 2 ** (step / 2) for step in range(12)))
"""Worth that the whole budget costs: the dearer, the cheaper the best ladder is to encode."""


@dataclass(frozen=True, slots=True)
class _Step:
    """One rung at one point of its curve; `at` is the logarithm of its rate, `seen` its VMAF up to the target, `cost`
    the part of the budget that it takes to encode it."""

    rung: VideoRung
    point: Point
    effort: bool
    at: float
    seen: float
    cost: float


def choose(
    video: VideoPlan, curves: Sequence[Curve], harder: Sequence[Curve] = (), *, target: float, uneven: float = 1.0,
    budget: float = inf, settings: LadderSettings | None = None,
) -> tuple[tuple[Chosen, ...], tuple[Dropped, ...]]:  # fmt: skip
    """The rungs that stay, from small to large, and those that go.

    `curves` are those without effort, `harder` with it, if the encoder has any to give. `uneven` is the busiest piece's
    rate over the average: a cap never lies below it. `budget` is what a second of the ladder may cost, in the units of
    `effort.second`. No rung stays, and none goes, if all ladders cost more.
    """
    settings = settings or settings_of(DEFAULT)
    of = {curve.rendition: curve for curve in curves}
    rungs = sorted(video.rungs, key=lambda rung: (rung.width * rung.height, rung.maxrate))
    steps: list[_Step] = []
    for rung in rungs:
        for effort, found in ((False, of), (True, {curve.rendition: curve for curve in harder})):
            if rung.id in found:
                for point in _points(rung, found[rung.id]):
                    cost = second(video, rung, rate=point.rate, effort=effort) / budget
                    steps.append(_Step(rung, point, effort, log(point.rate), min(point.vmaf, target), cost))
    path = _affordable(steps, rungs)
    if not path:
        return (), ()
    kept = {step.rung.id for step in path}
    return (
        tuple(_chosen(step, uneven, settings) for step in path),
        tuple(Dropped(rendition=rung.id, reason=_reason(rung, of[rung.id], path))
              for rung in rungs if rung.id not in kept),
    )  # fmt: skip


def worth(points: Iterable[Point], video: VideoPlan, *, target: float) -> float:
    """What rungs of these rates and qualities are worth together, whether they keep the rules or not."""
    lowest, end = _bandwidths(video.rungs)
    found, before = 0.0, None
    for point in sorted(points, key=lambda point: point.rate):
        at, seen = log(point.rate), min(point.vmaf, target)
        reach = end - max(at, lowest + _FLOOR)
        found += max(0.0, seen - (before[1] if before else 0.0)) * reach - _RUNG
        found -= _lost(at - before[0]) if before else 0.0
        before = at, max(seen, before[1] if before else 0.0)
    return found


def _points(rung: VideoRung, curve: Curve) -> Sequence[Point]:
    """The points of a curve that are no dearer than the fixed rung; if none is, the cheapest, held by the caps."""
    points = [point for point in curve.points if point.rate <= rung.average]
    last = curve.points[-1]
    return points or [Point(crf=last.crf, rate=rung.average, vmaf=last.vmaf)]


def _affordable(
    steps: Sequence[_Step], rungs: Sequence[VideoRung]
) -> tuple[_Step, ...]:  # fmt: skip
    """The path of the greatest worth within the budget; empty if there is none.

    As the price of CPU time rises, the best path costs less and is worth less: of each row of prices the first that
    fits counts (Lagrange's relaxation). Between two such paths there may be better ones, with effort in a part of the
    rungs: hence a row for each number of large rungs that do without.
    """
    found: list[tuple[float, tuple[_Step, ...]]] = []
    efforts = any(step.effort for step in steps)
    for spared in range(len(rungs) + 1) if efforts else (0,):
        without = {rung.id for rung in rungs[len(rungs) - spared :]}
        allowed = [step for step in steps if not (step.effort and step.rung.id in without)]
        for price in _PRICES:
            value, path = _best(allowed, rungs, price)
            spent = sum(step.cost for step in path)
            if spent <= 1:
                found.append((value + price * spent, path))
                break
    return max(found, key=lambda each: each[0], default=(0.0, ()))[1]


def _best(
    steps: Sequence[_Step], rungs: Sequence[VideoRung], price: float
) -> tuple[float, tuple[_Step, ...]]:  # fmt: skip
    """The path of the greatest worth through the steps, sizes rising: each is reached by its best predecessor."""
    lowest, end = _bandwidths(rungs)
    reachable = max(step.seen for step in steps)
    cheapest = min(step.at for step in steps)
    order = {rung.id: place for place, rung in enumerate(rungs)}
    reached: dict[int, tuple[float, tuple[_Step, ...]]] = {}
    for place, step in enumerate(steps):
        found: list[tuple[float, tuple[_Step, ...]]] = []
        reach = end - max(step.at, lowest + _FLOOR)
        paid = _RUNG + price * step.cost
        if step.at <= max(lowest, cheapest):
            found.append((step.seen * reach - paid, (step,)))
        for earlier, before in enumerate(steps[:place]):
            if earlier in reached and _follows(order, before, step):
                value, path = reached[earlier]
                gain = (step.seen - before.seen) * reach
                found.append((value + gain - paid - _lost(step.at - before.at), (*path, step)))
        if found:
            reached[place] = max(found, key=lambda each: each[0])
    ends = [
        (value - (_SMALLER if path[-1].rung is not rungs[-1] else 0.0), path)
        for value, path in reached.values()
        if path[-1].seen >= reachable - _REACHED
    ] or list(reached.values())
    return max(ends, key=lambda each: (each[0], each[1][-1].seen))


def _bandwidths(rungs: Sequence[VideoRung]) -> tuple[float, float]:
    """From the fixed ladder's smallest rate up to somewhat above its largest, as logarithms."""
    rates = [rung.average for rung in rungs]
    return log(min(rates)), log(max(rates)) + _ABOVE


def _lost(gap: float) -> float:
    """Worth lost by a gap between two neighbours' ln(rate)."""
    return _GAP * max(0.0, gap - _APART)


def _follows(order: dict[RenditionId, int], before: _Step, step: _Step) -> bool:
    gap, better = step.at - before.at, step.seen - before.seen
    return (
        order[before.rung.id] < order[step.rung.id]
        and gap >= _CLOSEST
        and better >= SEEN
        and (gap <= FARTHEST or better <= NOTICED)
    )


def _chosen(step: _Step, uneven: float, settings: LadderSettings) -> Chosen:
    rung, point = step.rung, step.point
    # Apple 1.30 by way of the caps, and yet room for the busiest piece that was seen.
    peak = Fraction(rung.maxrate, rung.average)
    average = max(1.0, point.rate * max(1.0, uneven / float(peak)))
    maxrate, bufsize, bandwidth = caps(min(average, rung.average), peak, settings)
    return Chosen(
        rendition=rung.id, crf=point.crf, maxrate=min(maxrate, rung.maxrate), bufsize=min(bufsize, rung.bufsize),
        bandwidth=min(bandwidth, rung.bandwidth), rate=point.rate, vmaf=point.vmaf,
        effort=step.effort,
    )  # fmt: skip


def _reason(rung: VideoRung, curve: Curve, path: Sequence[_Step]) -> str:
    """What an editor may want to know of a rung that is gone."""
    top = path[-1]
    if rung.width * rung.height > top.rung.width * top.rung.height:
        return f"{top.rung.id} reaches VMAF {top.point.vmaf:.0f} with fewer bits"
    near = min(path, key=lambda step: abs(step.rung.width * step.rung.height - rung.width * rung.height))
    point = min(curve.points, key=lambda point: abs(point.rate - near.point.rate))
    if point.vmaf <= near.point.vmaf:
        better, worse = f"{near.point.vmaf:.0f}", f"{point.vmaf:.0f}"
        return f"at {near.point.rate // 1000} kb/s {near.rung.id} looks better: VMAF {better}, not {worse}"
    return f"too near to {near.rung.id} to be worth an encode of its own"
