"""Pictures and probes of made-up titles: the shape of curves is as measured on real ones."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import exp, log
from typing import TypeAlias

import pytest

from transcoder import ladder
from transcoder.per_title.curves import Probe
from transcoder.per_title.sampling import CRFS
from transcoder.plan import VideoPlan

MakeVideo: TypeAlias = Callable[..., VideoPlan]
MakeProbes: TypeAlias = Callable[..., list[Probe]]


def make_video(width: int = 1920, height: int = 1080, rate: int = 25, seconds: int = 120) -> VideoPlan:
    """A picture on a grid of 4 s segments, with the fixed ladder."""
    segment, frames = 4 * rate, seconds * rate
    return VideoPlan(
        stream=0, rate=Fraction(rate), frames=frames, gop=2 * rate, segment=segment, time_base=Fraction(1, rate),
        origin=0, starts=tuple(range(0, frames, segment)), constant=True, interlaced=False, hdr=None, rotation=0,
        mirrored=False, width=width, height=height,
        rungs=ladder.rungs(width, height, rate=Fraction(rate), version=1),
    )  # fmt: skip


def true_rate(pixels: int, crf: float, complexity: float) -> float:
    """b/s: `complexity` bits a pixel and second at CRF 25, halved every six CRFs; large pictures need less a pixel."""
    return complexity * exp(0.7 * log(pixels)) * 2 ** ((25 - crf) / 6)


def true_vmaf(pixels: int, crf: float) -> float:
    """Falls along a parabola with the CRF, and with the loss of scaling up."""
    sharp = 100 - 16 * log(2_073_600 / pixels)
    return max(0.0, min(100.0, sharp - 0.085 * max(0.0, crf - 17) ** 2))


def make_probes(video: VideoPlan, complexity: float, pieces: int = 3) -> list[Probe]:
    return [
        Probe(
            piece=piece, rendition=rung.id, crf=crf, vmaf=true_vmaf(rung.width * rung.height, crf),
            rate=true_rate(rung.width * rung.height, crf, complexity) * (0.8 + 0.4 * piece / max(1, pieces - 1)),
        )
        for piece in range(pieces)
        for rung in video.rungs
        for crf in CRFS
    ]  # fmt: skip


@pytest.fixture(name="make_video")
def _make_video() -> MakeVideo:
    return make_video


@pytest.fixture(name="make_probes")
def _make_probes() -> MakeProbes:
    return make_probes
