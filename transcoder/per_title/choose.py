"""Which rungs a title gets, and with how many bits. Pure.

A viewer plays the best rung that his bandwidth carries. Bandwidths are spread evenly over a logarithmic scale, so what
a ladder is worth is the area under its staircase of VMAF over ln(b/s); each rung has a price, for it is encoded and
stored. Of all ladders that keep the rules below, the one of the greatest worth is taken. Its rungs lie on the hull of
all sizes' curves or near it: at any rate, another size that looks better would be worth more.

The rules: a rung is never dearer than in the fixed ladder; the smallest rate is no higher than the fixed ladder's, so
that bad networks are served; the top rung reaches the target, or the best that the caps allow; rates rise by a factor
of 1.4 at least, and from rung to rung the picture gets visibly better.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, Final

from transcoder.ladder import LadderSettings, caps
from transcoder.per_title.ladder import Chosen, Dropped, Point
from transcoder.plan import VideoRung

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manifests.layout import RenditionId
    from transcoder.per_title.ladder import Curve
    from transcoder.plan import VideoPlan

SEEN: Final = 2.0
"""VMAF by which a rung must be better than the next cheaper one. Six are a just noticeable difference to half of the
viewers; a third of it is seen by next to nobody."""
_CLOSEST: Final = log(1.4)
_APART: Final = log(2)
"""Apple 9.16: neighbours are 1.5 to 2 times apart. Wider gaps are allowed, at a price."""
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


@dataclass(frozen=True, slots=True)
class _Step:
    """One rung at one point of its curve; `at` is the logarithm of its rate, `seen` its VMAF up to the target."""

    rung: VideoRung
    point: Point
    at: float
    seen: float


def choose(
    video: VideoPlan, curves: Sequence[Curve], *, target: float, uneven: float = 1.0,
    settings: LadderSettings | None = None,
) -> tuple[tuple[Chosen, ...], tuple[Dropped, ...]]:  # fmt: skip
    """The rungs that stay, from small to large, and those that go; at least one stays. `uneven` is the busiest piece's
    rate over the average: a cap never lies below it."""
    settings = settings or LadderSettings()
    of = {curve.rendition: curve for curve in curves}
    rungs = sorted(video.rungs, key=lambda rung: (rung.width * rung.height, rung.maxrate))
    steps = [step for rung in rungs for step in _steps(rung, of[rung.id], target, settings)]
    path = _best(steps, rungs, settings)
    kept = {step.rung.id: step for step in path}
    return (
        tuple(_chosen(step, uneven, settings) for step in path),
        tuple(Dropped(rendition=rung.id, reason=_reason(rung, of[rung.id], path, target, settings))
              for rung in rungs if rung.id not in kept),
    )  # fmt: skip


def fixed_rate(rung: VideoRung, settings: LadderSettings) -> float:
    """The average b/s that the fixed ladder gives a rung."""
    return float(rung.maxrate / settings.peak)


def _steps(rung: VideoRung, curve: Curve, target: float, settings: LadderSettings) -> list[_Step]:
    """The points of a curve that are no dearer than the fixed rung; if none is, the cheapest, held by the caps."""
    most = fixed_rate(rung, settings)
    points = [point for point in curve.points if point.rate <= most]
    if not points:
        last = curve.points[-1]
        points = [Point(crf=last.crf, rate=int(most), vmaf=last.vmaf)]
    return [_Step(rung, point, log(point.rate), min(point.vmaf, target)) for point in points]


def _best(steps: Sequence[_Step], rungs: Sequence[VideoRung], settings: LadderSettings) -> tuple[_Step, ...]:
    """The path of the greatest worth through the steps, sizes rising: each is reached by its best predecessor."""
    lowest = log(min(fixed_rate(rung, settings) for rung in rungs))
    end = log(max(fixed_rate(rung, settings) for rung in rungs)) + _ABOVE
    reachable = max(step.seen for step in steps)
    cheapest = min(step.at for step in steps)
    order = {rung.id: place for place, rung in enumerate(rungs)}
    worth: dict[int, tuple[float, tuple[_Step, ...]]] = {}
    for place, step in enumerate(steps):
        found: list[tuple[float, tuple[_Step, ...]]] = []
        reach = end - max(step.at, lowest + _FLOOR)
        if step.at <= max(lowest, cheapest):
            found.append((step.seen * reach - _RUNG, (step,)))
        for earlier, before in enumerate(steps[:place]):
            if earlier in worth and _follows(order, before, step):
                value, path = worth[earlier]
                gap = max(0.0, step.at - before.at - _APART)
                gain = (step.seen - before.seen) * reach
                found.append((value + gain - _RUNG - _GAP * gap, (*path, step)))
        if found:
            worth[place] = max(found, key=lambda each: each[0])
    ends = [
        (value - (_SMALLER if path[-1].rung is not rungs[-1] else 0.0), path)
        for value, path in worth.values()
        if path[-1].seen >= reachable - _REACHED
    ] or list(worth.values())
    return max(ends, key=lambda each: (each[0], each[1][-1].seen))[1]


def _follows(order: dict[RenditionId, int], before: _Step, step: _Step) -> bool:
    return (
        order[before.rung.id] < order[step.rung.id]
        and step.at - before.at >= _CLOSEST
        and step.seen - before.seen >= SEEN
    )


def _chosen(step: _Step, uneven: float, settings: LadderSettings) -> Chosen:
    rung, point = step.rung, step.point
    # Apple 1.30 by way of the caps, and yet room for the busiest piece that was seen.
    average = max(1.0, point.rate * max(1.0, uneven / float(settings.peak)))
    maxrate, bufsize, bandwidth = caps(min(average, fixed_rate(rung, settings)), settings)
    return Chosen(
        rendition=rung.id, crf=point.crf, maxrate=min(maxrate, rung.maxrate), bufsize=min(bufsize, rung.bufsize),
        bandwidth=min(bandwidth, rung.bandwidth), rate=point.rate, vmaf=point.vmaf,
    )  # fmt: skip


def _reason(rung: VideoRung, curve: Curve, path: Sequence[_Step], target: float, settings: LadderSettings) -> str:
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
