"""From the probes of a title to its ladder: the best one that costs no more CPU time than the fixed ladder. Pure."""

from __future__ import annotations

from math import inf, isnan
from typing import TYPE_CHECKING, Final

from transcoder.ladder import LadderSettings, settings_of
from transcoder.per_title.bjontegaard import bd_rate
from transcoder.per_title.choose import choose, worth
from transcoder.per_title.curves import fit, unevenness
from transcoder.per_title.effort import fixed_points, fixed_second
from transcoder.per_title.ladder import Ladder, Point
from transcoder.profile import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcoder.per_title.curves import Probe
    from transcoder.per_title.sampling import Sampling
    from transcoder.plan import VideoPlan

_KEPT: Final = "The ladder that all titles begin with is as good."


def decide(
    video: VideoPlan, picked: Sampling, probes: Sequence[Probe], *, target: float, effort: bool = False,
    settings: LadderSettings | None = None,
) -> Ladder:  # fmt: skip
    """The title's ladder; without rungs if the fixed one is expected to be worth more, or cheaper to encode.

    `effort`: the encoder has some to give, as far as the CPU time of the fixed ladder goes.
    """
    settings = settings or settings_of(DEFAULT)
    plain = fit(video, probes)
    harder = fit(video, probes, effort=True) if effort else ()
    budget = fixed_second(video, plain) if effort else inf
    rungs, dropped = choose(
        video, plain, harder, target=target, uneven=unevenness(probes), budget=budget, settings=settings
    )  # fmt: skip
    fixed = fixed_points(video, plain)
    own = [Point(crf=rung.crf, rate=rung.rate, vmaf=rung.vmaf) for rung in rungs]
    ours, theirs = (worth(points, video, target=target) for points in (own, fixed))
    if ours < theirs:
        return Ladder(target=target, sampled=picked.segments, curves=plain, rungs=(), dropped=(), note=_KEPT)
    tried = {rung.rendition for rung in rungs if rung.effort}
    curves = {curve.rendition: curve for curve in (*plain, *(each for each in harder if each.rendition in tried))}
    return Ladder(
        target=target, sampled=picked.segments, curves=tuple(curves.values()), rungs=rungs, dropped=dropped,
        note=_expected(own, fixed),
    )  # fmt: skip


def _expected(own: Sequence[Point], fixed: Sequence[Point]) -> str:
    """What an editor is told of it."""
    saved = -bd_rate(*([(point.rate, point.vmaf) for point in points] for points in (own, fixed)))
    # They share no quality where one rung, or each of them, is as good as can be.
    return "" if isnan(saved) or saved <= 0 else f"Expected: {saved:.0%} fewer bits at equal quality."
