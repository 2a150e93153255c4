"""How much work each object of a plan is, and when the rest of it will be done. Pure.

Objects are not alike: a segment of the top rung costs a hundred times what one of the lowest does, so counting them
would tell an editor a percentage that stands still and jumps. Work is counted in units of a thousand encoded pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from transcoder import further_codecs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from manifests.layout import RenditionId
    from transcoder.plan import AudioPlan, Plan, VideoPlan, VideoRung

_UNIT: Final = 1000
_PICTURE: Final = 60_000  # pixels: what each picture costs whatever its size
_AAC_FRAME: Final = 30_000  # pixels: an AAC frame decoded, resampled and encoded
_LEAST_SHARE: Final = 20  # nothing is foretold before a twentieth is done


def work_of(plan: Plan, rendition: RenditionId, number: int | None) -> int:
    """Units of one object; an init section (None) is none. Raises KeyError, IndexError for what the plan lacks."""
    if number is None:
        return 0
    if plan.video is not None:
        for rung in plan.video.rungs:
            if rung.id == rendition:
                return _pictures(plan.video, rung, number)
    for track in plan.audio:
        if track.id == rendition:
            return _sound(track, number)
    raise KeyError(rendition)


def total_work(plan: Plan, names: Iterable[tuple[RenditionId, int | None]] | None = None) -> int:
    """Units of these objects; of the whole plan (None)."""
    if names is None:
        names = ((rendition, n) for rendition, segments in plan.renditions().items() for n in range(segments))
    return sum(work_of(plan, rendition, number) for rendition, number in names)


def _pictures(video: VideoPlan, rung: VideoRung, number: int) -> int:
    pixels = rung.width * rung.height * further_codecs.work(rung.codec) + _PICTURE
    return len(video.frames_of(number)) * pixels // (rung.divisor * _UNIT)


def _sound(track: AudioPlan, number: int) -> int:
    return (track.cuts[number + 1] - track.cuts[number]) * _AAC_FRAME // _UNIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """`work` units were done at `at` (seconds of any clock that all samples share)."""

    at: float
    work: int


def time_left(samples: tuple[Sample, ...], *, total: int, now: float) -> timedelta | None:
    """When `total` units will be done, from what was done so far (samples in order of time); None: nobody can say yet.

    The pace is that of the later half of the work: the first windows are short and go ahead of other assets, and how
    many cores an asset has changes while others come and go. The time since the last sample counts as work under way,
    until it is longer than samples have been apart: then the pace falls.
    """
    if len(samples) < 3 or (last := samples[-1]).work * _LEAST_SHARE < total:
        return None
    half = (samples[0].work + last.work) / 2
    done = last.work - half
    if done <= 0:
        return None
    begin, count = _crossed(samples, half)
    took = last.at - begin
    overdue = max(0.0, now - last.at - took / count)
    finish = last.at + overdue + max(0, total - last.work) * (took + overdue) / done
    return timedelta(seconds=max(0.0, finish - now))


def _crossed(samples: tuple[Sample, ...], work: float) -> tuple[float, int]:
    """When that much was done, between two samples in proportion; and how many samples came after."""
    place = next(place for place, sample in enumerate(samples) if sample.work > work)
    before, after = samples[place - 1], samples[place]
    share = (work - before.work) / (after.work - before.work)
    return before.at + share * (after.at - before.at), len(samples) - place
