"""Bit rates of a plan's renditions: declared until they are measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manifests import bandwidth
from manifests.bandwidth import Rates
from transcoder.describe.timing import target_duration, timings

if TYPE_CHECKING:
    from manifests.layout import RenditionId
    from transcoder.measured import Measured
    from transcoder.plan import Plan


def rates(plan: Plan, measured: Measured | None) -> dict[RenditionId, Rates]:
    """Measured rates. Until there are any, the peak is what the encoder is told never to pass, and the average half of
    it: the ladder keeps peaks within 200 % of the average (rule 1.30)."""
    if measured is None:
        rungs = () if plan.video is None else plan.video.rungs
        declared = {rung.id: Rates(peak=rung.bandwidth, average=rung.bandwidth // 2) for rung in rungs}
        return declared | {track.id: Rates(peak=track.bitrate, average=track.bitrate) for track in plan.audio}
    timing_of = timings(plan)
    longest = target_duration(plan, timing_of)
    return {
        rendition: bandwidth.measure(
            measured.renditions[rendition].segments, timing.ticks,
            timescale=timing.timescale, target_duration=longest,
        )
        for rendition, timing in timing_of.items()
    }  # fmt: skip
