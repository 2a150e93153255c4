"""Which stretch of an event is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manifests import layout
from manifests.layout import RenditionId
from transcoder.live.event import LiveEvent

if TYPE_CHECKING:
    from transcoder.plan import VideoRung


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Segments of an event, one behind the other, each of them in the bucket in every rendition; all but the last one
    are whole. `frames` of the grid and AAC `units` are what is in them: all of the last one, or less.

    `sizes`: bytes of the segments of the top rung and of the sound. `inits`: the name of each rendition's init section.
    """

    event: LiveEvent
    segments: range
    frames: int
    units: int
    sizes: Mapping[tuple[RenditionId, int], int]
    inits: Mapping[RenditionId, str]

    def __post_init__(self) -> None:
        grid, before = self.event.grid, len(self.segments) - 1
        is_short = before * grid.part < self.frames / grid.parts <= (before + 1) * grid.part
        if not (self.segments and is_short and self.units > 0):
            raise ValueError(f"{self.frames} frames in {len(self.segments)} segments")

    @property
    def top(self) -> VideoRung:
        return max(self.event.rungs, key=lambda rung: (rung.width * rung.height, -rung.divisor))

    def objects(self) -> list[tuple[str, int]]:
        """What the source is made of behind its head: keys with their sizes, picture and sound in turn."""
        renditions = (self.top.id, self.event.sound.id)
        return [
            (layout.live_segment(self.event.channel, rendition, number), self.sizes[rendition, number])
            for number in self.segments
            for rendition in renditions
        ]


def whole(
    event: LiveEvent, segments: range, *, sizes: Mapping[tuple[RenditionId, int], int], inits: Mapping[RenditionId, str]
) -> Stretch:
    """A stretch of whole segments."""
    grid = event.grid
    return Stretch(
        event=event, segments=segments, frames=len(segments) * grid.parts * grid.part,
        units=len(segments) * grid.parts * grid.audio_part, sizes=sizes, inits=inits,
    )  # fmt: skip
