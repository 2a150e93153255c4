"""Effort: CPU time that a title's ladder leaves goes into the rungs that stay. Pure.

Rungs that are dropped, and bits that are not spent, cost no CPU time. It pays for `encoder_settings.EFFORT` in other
rungs; the whole ladder costs no more to encode than the fixed one would (`choose`). Costs are CPU time in units of
about 10 ns, as in `sampling`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from transcoder.per_title.ladder import Point

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from transcoder.per_title.ladder import Chosen, Curve
    from transcoder.plan import VideoPlan, VideoRung

# As measured: docs/encoding.md. Scaling is left out, so a rung that is dropped leaves more than this says.
_PIXEL: Final = (0.48, 0.51)  # a pixel, without and with effort
_BIT: Final = (2.3, 3.6)  # a bit that is written


def fixed_point(rung: VideoRung, curve: Curve) -> Point:
    """What a rung of the fixed ladder is expected to give: its CRF, or as much as its caps allow."""
    points = [point for point in curve.points if point.crf >= rung.crf]
    allowed = [point for point in points if point.rate <= rung.average]
    return allowed[0] if allowed else Point(crf=points[-1].crf, rate=rung.average, vmaf=points[-1].vmaf)


def second(video: VideoPlan, rung: VideoRung, *, rate: float, effort: bool) -> float:
    """What encoding a second of a rung costs at `rate` b/s."""
    pixels = rung.width * rung.height * float(video.rate / rung.divisor)
    return pixels * _PIXEL[effort] + rate * _BIT[effort]


def fixed_points(video: VideoPlan, curves: Iterable[Curve]) -> tuple[Point, ...]:
    """What each rung of the fixed ladder is expected to give; `curves` are those without effort."""
    of = {curve.rendition: curve for curve in curves}
    return tuple(fixed_point(rung, of[rung.id]) for rung in video.rungs)


def fixed_second(video: VideoPlan, curves: Iterable[Curve]) -> float:
    """What encoding a second of the whole fixed ladder costs: the budget."""
    points = fixed_points(video, curves)
    return sum(
        second(video, rung, rate=point.rate, effort=False) for rung, point in zip(video.rungs, points, strict=True)
    )


def own_second(video: VideoPlan, chosen: Sequence[Chosen]) -> float:
    """What encoding a second of the title's own ladder costs."""
    rungs = {rung.id: rung for rung in video.rungs}
    return sum(second(video, rungs[each.rendition], rate=each.rate, effort=each.effort) for each in chosen)
