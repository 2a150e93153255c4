"""SegmentTemplate with @duration and $Number$ (ISO/IEC 23009-1 §5.3.9.4): segments of one length, by the clock.

They may be asked for before they are whole, and are sent as they grow (@availabilityTimeComplete, §5.3.9.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from manifests.dash import xml
from manifests.dash.segment_template import NUMBER
from manifests.errors import MpdError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


@dataclass(frozen=True, slots=True, kw_only=True)
class SteadyTemplate:
    media: str
    """@media (required): URL with $Number$, and $RepresentationID$ where several share it"""
    initialization: str
    """@initialization"""
    timescale: int
    """@timescale: ticks per second"""
    number: int
    """@startNumber: that of the first segment of its period"""
    offset: int
    """@presentationTimeOffset, ticks: where that begins, and its period"""
    duration: int
    """@duration (required), ticks"""
    early: Fraction
    """@availabilityTimeOffset (required), s"""

    @property
    def longest(self) -> Fraction:
        """Seconds of its longest segment."""
        return Fraction(self.duration, self.timescale)

    def check(self) -> None:
        """Raises MpdError."""
        if NUMBER not in self.media:
            raise MpdError(f"SegmentTemplate@media needs {NUMBER} (§5.3.9.4.4)")
        if min(self.timescale, self.duration) < 1 or min(self.number, self.offset) < 0:
            raise MpdError("SegmentTemplate: no timescale, no duration, or a time before its period")
        if not 0 < self.early < self.longest:
            raise MpdError("a segment is there before its end, and not before its beginning (§5.3.9.2)")

    def element(self) -> Element:
        self.check()
        return xml.element(
            "SegmentTemplate",
            (
                ("timescale", self.timescale),
                ("presentationTimeOffset", self.offset or None),
                ("duration", self.duration),
                ("startNumber", self.number),
                ("availabilityTimeOffset", xml.number(self.early)),
                ("availabilityTimeComplete", "false"),
                ("initialization", self.initialization),
                ("media", self.media),
            ),
        )
