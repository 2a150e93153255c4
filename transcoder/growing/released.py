"""The segments of a plan whose bytes have arrived. Pure."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING

from transcoder.growing.growth import cut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcoder.plan import Plan, SourceReads, Span


def released(plan: Plan, needs: SourceReads, arrived: int) -> Plan | None:
    """The plan of the segments that `arrived` bytes are enough for; None for none.

    `needs`: the bytes without which a segment can't be made. It never has the last segment, which may be longer or
    shorter than the others: the final plan has. A plan without a picture does not grow.
    """
    if plan.video is None or plan.reads is None:
        return None
    tracks = [needs.video, *needs.audio.values()]
    most = min([plan.video.segments, *(track.segments for track in plan.audio)]) - 1
    count = min([most, *(_whole(spans, arrived) for spans in tracks)])
    if count < 1:
        return None
    return replace(cut(plan, plan.video.starts[:count]), reads=_first(plan.reads, count), grown=True)


def _whole(spans: Sequence[Span], arrived: int) -> int:
    """Spans from the first on that lie within the first `arrived` bytes, each with those before it."""
    return bisect_right(list(accumulate((end for _, end in spans), max)), arrived)


def _first(reads: SourceReads, count: int) -> SourceReads:
    return replace(
        reads,
        video=reads.video[:count],
        audio={rendition: spans[:count] for rendition, spans in reads.audio.items()},
    )
