"""What a run hands over, kept."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from manifests.layout import RenditionId
    from transcoder.live.part import Part


class Taken:
    """What a run has handed over."""

    def __init__(self) -> None:
        self.inits: dict[RenditionId, bytes] = {}
        self.parts: dict[RenditionId, list[Part]] = defaultdict(list)

    def init(self, rendition: RenditionId, body: bytes) -> None:
        assert rendition not in self.parts
        self.inits[rendition] = body

    def part(self, part: Part) -> None:
        assert part.rendition in self.inits
        self.parts[part.rendition].append(part)
