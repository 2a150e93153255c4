"""From a few probes to a curve for every rung. Pure.

Three facts, seen on all the clips that were measured over the whole range of CRFs and sizes (docs/encoding.md), make
six probes enough:

- the logarithm of the rate falls in a straight line with the CRF;
- VMAF falls with the CRF along a parabola of nearly the same curvature, whatever the content and the size;
- at one CRF, both are smooth over the logarithm of the picture's size: a parabola through three sizes.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from math import exp, log
from statistics import fmean
from typing import TYPE_CHECKING, Final

from manifests.layout import RenditionId
from transcoder.per_title.ladder import Curve, Point

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from transcoder.plan import VideoPlan, VideoRung

CRFS: Final = range(18, 36)
"""What may be chosen. Below, bits buy nothing that is seen; above, a smaller picture looks better at the same rate."""
_CURVATURE: Final = 0.17
"""VMAF per CRF²."""
_EFFORT: Final = (log(1.13), 2.5)
"""What `EFFORT` makes of a CRF: so much more ln(rate), and the quality of a CRF so much lower (docs/encoding.md)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One piece of the source in one size at one CRF: b/s, as if it went on like this, and mean VMAF."""

    piece: int
    rendition: RenditionId
    crf: int
    rate: float
    vmaf: float


@dataclass(frozen=True, slots=True)
class _Fit:
    """A probed size: ln(bits a frame) and VMAF over the CRF, between and beyond two probes of it."""

    pixels: float
    low: tuple[int, float, float]
    high: tuple[int, float, float]

    def bits(self, crf: int) -> float:
        (c0, y0, _), (c1, y1, _) = self.low, self.high
        return y0 + min(-0.01, (y1 - y0) / (c1 - c0)) * (crf - c0)

    def vmaf(self, crf: float) -> float:
        (c0, _, v0), (c1, _, v1) = self.low, self.high
        slope = min(0.0, (v1 - v0) / (c1 - c0))
        # A parabola that would turn before the first CRF is made flatter: there the picture is as good as it can be.
        curvature = min(_CURVATURE, -slope / max(1, (c0 + c1) / 2 - (CRFS[0] - _EFFORT[1])))
        return v0 + slope * (crf - c0) - curvature / 2 * (crf - c0) * (crf - c1)


def fit(video: VideoPlan, probes: Sequence[Probe], *, effort: bool = False) -> tuple[Curve, ...]:
    """The curve of every rung, from small to large, from probes of some of them at two CRFs each, over any number of
    pieces. `effort`: as the rungs would be with it; the probes are without.

    Raises ValueError without the smallest or the largest rung among them.
    """
    rungs = sorted(video.rungs, key=_pixels)
    found = {rung.id: made for rung in rungs if (made := _fitted(video, rung, probes)) is not None}
    if not {rungs[0].id, rungs[-1].id} <= found.keys():
        raise ValueError("the smallest and the largest rung are probed")
    knots = [found[rung.id] for rung in rungs if rung.id in found]
    return tuple(_curve(video, rung, found.get(rung.id), knots, effort=effort) for rung in rungs)


def unevenness(probes: Iterable[Probe]) -> float:
    """How much dearer the dearest piece is than their average: 1 or more."""
    by_setting: dict[tuple[RenditionId, int], list[float]] = defaultdict(list)
    for probe in probes:
        by_setting[probe.rendition, probe.crf].append(probe.rate)
    return fmean(max(rates) / fmean(rates) for rates in by_setting.values())


def _pixels(rung: VideoRung) -> int:
    return rung.width * rung.height


def _frames(video: VideoPlan, rung: VideoRung) -> float:
    """Frames a second."""
    return float(video.rate / rung.divisor)


def _fitted(video: VideoPlan, rung: VideoRung, probes: Sequence[Probe]) -> _Fit | None:
    by_crf: dict[int, list[Probe]] = defaultdict(list)
    for probe in probes:
        if probe.rendition == rung.id:
            by_crf[probe.crf].append(probe)
    if len(by_crf) < 2:
        return None
    ends = [
        (crf, log(fmean(each.rate for each in by_crf[crf]) / _frames(video, rung)),
         fmean(each.vmaf for each in by_crf[crf]))
        for crf in (min(by_crf), max(by_crf))
    ]  # fmt: skip
    return _Fit(log(_pixels(rung)), *ends)


def _curve(video: VideoPlan, rung: VideoRung, own: _Fit | None, knots: Sequence[_Fit], *, effort: bool) -> Curve:
    points: list[Point] = []
    dearer, lower = _EFFORT if effort else (0.0, 0.0)
    for crf in CRFS:
        if own is not None:
            bits, vmaf = own.bits(crf), own.vmaf(crf - lower)
        else:
            x = log(_pixels(rung))
            bits = _between(x, [(knot.pixels, knot.bits(crf)) for knot in knots])
            vmaf = _between(x, [(knot.pixels, knot.vmaf(crf - lower)) for knot in knots])
        rate, vmaf = max(1, round(exp(bits + dearer) * _frames(video, rung))), min(100.0, max(0.0, vmaf))
        if points:
            # Never dearer or better at a higher CRF.
            rate, vmaf = min(rate, points[-1].rate), min(vmaf, points[-1].vmaf)
        points.append(Point(crf=crf, rate=rate, vmaf=round(vmaf, 2)))
    return Curve(rendition=rung.id, width=rung.width, height=rung.height, points=tuple(points))


def _between(x: float, knots: Sequence[tuple[float, float]]) -> float:
    """Lagrange's parabola through the knots (rising x, at most three), kept between its two neighbours' values."""
    value = 0.0
    for i, (xi, yi) in enumerate(knots):
        weight = 1.0
        for j, (xj, _) in enumerate(knots):
            if i != j:
                weight *= (x - xj) / (xi - xj)
        value += yi * weight
    above = next(place for place, (at, _) in enumerate(knots) if at >= x)
    ends = sorted((knots[above - 1][1], knots[above][1]))
    return min(ends[1], max(ends[0], value))
