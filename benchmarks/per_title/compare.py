"""Clip by clip: analyse, encode by three ladders, measure, compare bits and CPU time."""

from __future__ import annotations

import asyncio
import resource
import tempfile
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Final

from benchmarks.clips import looped, planned, real
from benchmarks.per_title.measure import measured, original, vmaf
from benchmarks.per_title.plot import Line, save
from benchmarks.report import OUT, Result
from transcoder.encoder_settings import EncoderSettings
from transcoder.per_title.bjontegaard import Point, bd_rate
from transcoder.per_title.decide import decide
from transcoder.per_title.ladder import Ladder, apply
from transcoder.per_title.probes import probe
from transcoder.per_title.sampling import sampling
from transcoder.plan import Plan
from transcoder.profile import DEFAULT
from transcoder.video import encode_video
from transcoder.windows import Window

if TYPE_CHECKING:
    from manifests.layout import RenditionId

_SEGMENTS: Final = 3
LENGTH_S: Final = 300
"""The analysis is of a title of this length: the clip, over and over."""
CLIPS: Final = (
    "sam2_soccer_juggle_720p24.mp4",
    "wave_croatia_1080p25_aac.mp4",
    "sports2d_outdoor_walk_994p30_vp9_aac.mp4",
    "pose2sim_beam_1088x1920p60.mp4",
    "openshot_marathon_400p30.mp4",
    "sam2_dog_walk_720p30_aac_tmcd.mp4",
    "flutter_butterfly_720p30_aac.mp4",
    "nasa_shuttle_608p30_vp8.webm",
)
"""Sports first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cpu:
    """CPU seconds of looking into a title, and of encoding it by the fixed ladder and by its own."""

    analysis: float
    fixed: float
    own: float

    @property
    def share(self) -> float:
        return self.analysis / self.fixed

    @property
    def total(self) -> float:
        """The whole title, analysis included, against the fixed ladder."""
        return (self.analysis + self.own) / self.fixed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    """One clip: its ladders as (b/s, VMAF), what was chosen, and CPU seconds."""

    name: str
    plan: Plan
    ladder: Ladder
    fixed: list[Point]
    capped: list[Point]
    titled: list[Point]
    cpu: _Cpu
    same: float

    @property
    def saved(self) -> tuple[float, float]:
        return bd_rate(self.titled, self.fixed), bd_rate(self.titled, self.capped)


def run() -> Result:
    OUT.mkdir(exist_ok=True)
    compared = [_compare(name) for name in CLIPS if real(name) is not None]
    for each in compared:
        _plot(each)
    means = [fmean(each.saved[place] for each in compared) for place in (0, 1)] if compared else []
    shares = [fmean(getattr(each.cpu, name) for each in compared) for name in ("share", "total")] if compared else []
    return Result(
        name="Per-title ladder",
        question="Each clip encoded by three ladders with the same encoder: the fixed one of Apple's table at its "
        "average rates, in one pass under its caps; our fixed one by capped CRF; the one chosen for the title. BD-rate "
        f"over VMAF on a screen of 1080 lines. The analysis is of a title of {LENGTH_S} s made of the clip; CPU "
        "times are against encoding that title by our fixed ladder.",
        columns=(
            "clip", "pieces", "CPU of the analysis", "CPU of analysis and own ladder", "rungs (with effort)",
            "top rung, kb/s @ VMAF: fixed → chosen", "BD-rate against the fixed ladder", "against capped CRF",
            "the clip with itself",
        ),
        rows=tuple(_row(each) for each in compared),
        verdict="Target: ≤ −20 % against the fixed ladder, for at most 10 % of the encode's CPU. "
        + (
            f"Mean: {means[0]:+.1%} and {means[1]:+.1%}; the analysis takes {shares[0]:.1%} of the fixed ladder's CPU "
            f"time, all together {shares[1]:.0%}."
            if means
            else "Without the real clips nothing is measured."
        ),
        numbers={
            each.name: {
                "bd_rate": each.saved, "share": each.cpu.share, "cpu": each.cpu.total, "fixed": each.fixed,
                "capped": each.capped, "chosen": each.titled, "note": each.ladder.note,
                "rungs": [[rung.rendition, rung.crf, rung.effort] for rung in each.ladder.rungs],
                "dropped": [[rung.rendition, rung.reason] for rung in each.ladder.dropped],
            }
            for each in compared
        },
    )  # fmt: skip


def _compare(name: str) -> _Compared:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        clip = real(name)
        assert clip is not None
        plan = planned(clip)
        source = looped(name, folder, times=ceil(LENGTH_S / float(plan.duration)))
        whole = planned(source)
        ladder, cpu = asyncio.run(_analysed(whole, source))
        own = apply(plan, ladder)
        assert plan.video is not None
        assert own.video is not None
        made = original(plan, clip, folder)
        return _Compared(
            name=name, plan=plan, ladder=ladder, cpu=cpu,
            fixed=measured(made, plan.video.rungs, folder, fixed=True),
            capped=measured(made, plan.video.rungs, folder, fixed=False),
            titled=measured(made, own.video.rungs, folder, fixed=False),
            same=vmaf(made, made.path, 1),
        )  # fmt: skip


async def _analysed(plan: Plan, source: Path) -> tuple[Ladder, _Cpu]:
    """The ladder, and what choosing it and encoding the whole title by it and by the fixed one costs."""
    video, settings = plan.video, EncoderSettings()
    assert video is not None
    picked = sampling(video)
    assert picked is not None, "a title of this length is analysed"
    begun = _cpu()
    probes = [
        made
        for segment in picked.segments
        for made in await probe(plan, picked, segment, source=source, settings=settings)
    ]
    ladder = decide(video, picked, probes, target=DEFAULT.quality, effort=settings.has_effort)
    analysis = _cpu() - begun
    fixed, own = [await _encoded(each, source, settings) for each in (plan, apply(plan, ladder))]
    return ladder, _Cpu(analysis=analysis, fixed=fixed, own=own)


async def _encoded(plan: Plan, source: Path, settings: EncoderSettings) -> float:
    """CPU seconds of encoding the whole title, from those of its first segments."""
    video = plan.video
    assert video is not None

    async def away(_rendition: RenditionId, _number: int | None, _body: bytes) -> None: ...

    begun, count = _cpu(), min(_SEGMENTS, video.segments)
    await encode_video(plan, Window(track="video", first=0, count=count), source=source, sink=away, settings=settings)
    return (_cpu() - begun) * video.segments / count


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _row(each: _Compared) -> tuple[str, ...]:
    assert each.plan.video is not None
    return (
        each.name, str(len(each.ladder.sampled)), f"{each.cpu.share:.1%}", f"{each.cpu.total:.0%}",
        f"{len(each.plan.video.rungs)} → {len(each.ladder.rungs)} ({sum(rung.effort for rung in each.ladder.rungs)})",
        " → ".join(f"{rate / 1000:.0f} @ {vmaf:.0f}" for rate, vmaf in (max(each.fixed), max(each.titled))),
        *(f"{saved:+.1%}" for saved in each.saved), f"{each.same:.1f}",
    )  # fmt: skip


def _plot(each: _Compared) -> None:
    assert each.plan.video is not None
    curves = [
        Line(
            name=curve.rendition, color="#8a8f98", faint=True,
            points=[(point.rate, point.vmaf) for point in curve.points if point.vmaf > 0],
        )
        for curve in each.ladder.curves
    ]  # fmt: skip
    save(
        OUT / f"per-title-{each.name.partition('.')[0]}.svg",
        each.name,
        [
            *curves,
            Line(name="fixed ladder", points=each.fixed, color="#c2410c"),
            Line(name="fixed, capped CRF", points=each.capped, color="#a16207"),
            Line(
                name="chosen for the title", points=each.titled, color="#0f766e",
                labels=[f"{rung.rendition.split('-')[0][1:]}, CRF {rung.crf}" for rung in each.ladder.rungs],
            ),
        ],
    )  # fmt: skip
