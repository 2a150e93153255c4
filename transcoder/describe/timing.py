"""How long the segments of a plan's renditions last."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from manifests.hls import decimals
from manifests.hls.media import target_duration as longest
from transcoder import planner
from transcoder.plan import AAC_FRAME

if TYPE_CHECKING:
    from manifests.layout import RenditionId
    from transcoder.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Durations of a rendition's segments in ticks of 1/timescale s."""

    ticks: tuple[int, ...]
    timescale: int

    def durations(self) -> tuple[Fraction, ...]:
        """Seconds, on the grid that EXTINF is written on."""
        return decimals.durations(self.ticks, timescale=self.timescale)

    @property
    def end(self) -> Fraction:
        """Where the last segment ends, s."""
        return Fraction(sum(self.ticks), self.timescale)


def timings(plan: Plan) -> dict[RenditionId, Timing]:
    found: dict[RenditionId, Timing] = {}
    if plan.video is not None:
        # A frame lasts `denominator` ticks of 1/numerator s; rungs of half the rate last as long as the others.
        frame = plan.video.rate.denominator
        timing = Timing(
            ticks=tuple(len(plan.video.frames_of(number)) * frame for number in range(plan.video.segments)),
            timescale=plan.video.rate.numerator,
        )
        found |= {rung.id: timing for rung in plan.video.rungs}
    for track in plan.audio:
        ticks = tuple((end - begin) * AAC_FRAME for begin, end in pairwise(track.cuts))
        found[track.id] = Timing(ticks=ticks, timescale=track.sample_rate)
    return found


def target_duration(plan: Plan, timings: dict[RenditionId, Timing]) -> int:
    """One for all the playlists of the asset (RFC 8216bis §6.2.4).

    It must not change while a playlist grows (§6.2.1), when nobody knows the last segment: one of sound may be longer
    than the others by half a second (`planner.cuts`).
    """
    if plan.grown:
        first = max(timing.durations()[0] for timing in set(timings.values()))
        return longest([first + planner.TAIL])
    return max(longest(timing.durations()) for timing in set(timings.values()))
