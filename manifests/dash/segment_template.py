"""SegmentTemplate with SegmentTimeline and $Number$ (ISO/IEC 23009-1 §5.3.9.4, §5.3.9.6)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

from manifests.dash import xml
from manifests.errors import MpdError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

NUMBER: Final = "$Number$"
REPRESENTATION: Final = "$RepresentationID$"


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentTemplate:
    """URLs and times of consecutive segments, the first of which has the number 0."""

    media: str
    """@media (required): URL with $Number$, and $RepresentationID$ where several share it"""
    initialization: str | None = None
    """@initialization; None for text that has no init section"""
    timescale: int
    """@timescale: ticks per second"""
    begin: int = 0
    """S@t of the first segment, and @presentationTimeOffset: the presentation begins with it"""
    durations: tuple[int, ...]
    """S@d of each segment, ticks"""

    def check(self) -> None:
        """Raises MpdError."""
        if NUMBER not in self.media:
            raise MpdError(f"SegmentTemplate@media needs {NUMBER} (§5.3.9.4.4)")
        if self.timescale < 1 or self.begin < 0:
            raise MpdError("SegmentTemplate: no timescale, or a time before zero")
        if not self.durations or min(self.durations) < 1:
            raise MpdError("SegmentTimeline: every segment needs a duration (§5.3.9.6)")

    def element(self) -> Element:
        self.check()
        return xml.element(
            "SegmentTemplate",
            (
                ("timescale", self.timescale),
                ("presentationTimeOffset", self.begin or None),
                ("startNumber", 0),
                ("initialization", self.initialization),
                ("media", self.media),
            ),
            xml.element("SegmentTimeline", (), *self._runs()),
        )

    def _runs(self) -> list[Element]:
        """One S for each run of equal durations; @r counts those behind the first."""
        runs = [(ticks, len(list(equal))) for ticks, equal in groupby(self.durations)]
        return [
            xml.element(
                "S", (("t", self.begin if index == 0 else None), ("d", ticks), ("r", count - 1 if count > 1 else None))
            )
            for index, (ticks, count) in enumerate(runs)
        ]
