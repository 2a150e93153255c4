"""What every peer is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from manifests.layout import RenditionId
from transcoder.plan import Plan, VideoPlan, VideoRung


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A source and an empty folder; the plan says the ladder and the frame grid; `preset` is x264's."""

    source: Path
    folder: Path
    plan: Plan
    preset: str

    @property
    def video(self) -> VideoPlan:
        assert self.plan.video is not None
        return self.plan.video

    @property
    def rungs(self) -> list[VideoRung]:
        """Largest first."""
        return sorted(self.video.rungs, key=lambda rung: rung.width * rung.height, reverse=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Seconds on the clock and of CPU (user + system, all processes) until all is there; when a viewer could start.

    `pictures`: for every rung what ffmpeg opens to read it. `size`: bytes of all renditions.
    """

    wall: float
    cpu: float
    playable: float
    size: int
    pictures: dict[RenditionId, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One way to make a ladder. `once`: too slow, or too different, to be run in every round."""

    name: str
    make: Callable[[Job], Outcome]
    once: bool = False


Condition: TypeAlias = Callable[[], bool]
