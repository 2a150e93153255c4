"""The ladder that was chosen for one asset version, `ladder.json`, and how it lies over the plan.

The plan never changes: it names every rung that was ever listed. The ladder gives the rungs that stay their rate
control, and takes the others out of what is encoded and listed from then on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import msgspec

from manifests.layout import RenditionId
from transcoder import further_codecs
from transcoder.profile import Codec

if TYPE_CHECKING:
    from transcoder.plan import Plan, VideoPlan, VideoRung

_EFFORT: Final = 2
"""CRFs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Average b/s and mean VMAF (0–100) that a CRF is expected to give."""

    crf: int
    rate: int
    vmaf: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """What a rung's size can give, from the lowest CRF to the highest: rates and qualities fall."""

    rendition: RenditionId
    width: int
    height: int
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A rung that stays: its capped-CRF settings (b/s, bits), its declared peak, and what is expected of it. `effort`:
    CPU time that other rungs left goes into it."""

    rendition: RenditionId
    crf: int
    maxrate: int
    bufsize: int
    bandwidth: int
    rate: int
    vmaf: float
    effort: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A rung that is neither made nor listed any more, and why, for an editor."""

    rendition: RenditionId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """`target` is the VMAF that the top rung aims at, `sampled` the segments that were looked into. `rungs` from small
    to large; empty if the title could not be analysed (`note` says why): then the plan's own rungs stand."""

    target: float
    sampled: tuple[int, ...]
    curves: tuple[Curve, ...]
    rungs: tuple[Chosen, ...]
    dropped: tuple[Dropped, ...]
    note: str = ""


UNCHANGED: Final = Ladder(
    target=0, sampled=(), curves=(), rungs=(), dropped=(),
    note="It is too short, or was done before it could be analysed.",
)  # fmt: skip
"""The ladder of a title that was done first, or that is too short."""


def leader_of(video: VideoPlan, rung: VideoRung) -> RenditionId | None:
    """The H.264 rung of a rung's size, whose way it goes; itself, if it is one. None where there is no such size."""
    size = (rung.width, rung.height)
    return next((each.id for each in video.only(Codec.H264).rungs if (each.width, each.height) == size), None)


def apply(plan: Plan, ladder: Ladder | None, *, keeping: RenditionId | None = None) -> Plan:
    """The plan as it is encoded and listed once the ladder stands. `keeping` is a rung that stays, as it was, though
    the ladder dropped it: somebody who found it listed earlier still plays it."""
    if plan.video is None or ladder is None or not ladder.rungs:
        return plan
    chosen = {rung.rendition: rung for rung in ladder.rungs}
    rungs = []
    for rung in plan.video.rungs:
        leader = leader_of(plan.video, rung)
        new = None if leader is None else chosen.get(leader)
        if new is not None:
            rungs.append(_changed(rung, new))
        elif leader is None or rung.id == keeping:
            rungs.append(rung)
    return replace(plan, video=replace(plan.video, rungs=tuple(rungs)))


def _changed(rung: VideoRung, new: Chosen) -> VideoRung:
    if rung.codec is Codec.H264:
        return replace(
            rung, crf=new.crf, maxrate=new.maxrate, bufsize=new.bufsize, bandwidth=new.bandwidth, effort=new.effort
        )
    # Effort has bought the quality of a CRF as much lower (docs/encoding.md).
    return replace(
        rung,
        crf=further_codecs.crf(rung.codec, new.crf - _EFFORT * new.effort),
        maxrate=further_codecs.bits(rung.codec, new.maxrate),
        bufsize=further_codecs.bits(rung.codec, new.bufsize),
        bandwidth=further_codecs.bits(rung.codec, new.bandwidth),
    )


def dump(ladder: Ladder) -> bytes:
    return msgspec.json.encode(ladder)


def load(body: bytes) -> Ladder:
    """Raises msgspec.DecodeError on anything else than what `dump` wrote."""
    return msgspec.json.decode(body, type=Ladder)
