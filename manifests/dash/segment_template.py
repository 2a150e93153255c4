"""SegmentTemplate with SegmentTimeline and $Number$ (ISO/IEC 23009-1 §5.3.9.4, §5.3.9.6)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
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
    """URLs and times of consecutive segments."""

    media: str
    """@media (required): URL with $Number$, and $RepresentationID$ where several share it"""
    initialization: str | None = None
    """@initialization; None for text that has no init section"""
    timescale: int
    """@timescale: ticks per second"""
    number: int = 0
    """@startNumber: that of the first segment"""
    begin: int = 0
    """S@t of the first segment, ticks"""
    offset: int | None = None
    """@presentationTimeOffset, ticks: where its period begins; None: with the first segment"""
    durations: tuple[int, ...]
    """S@d of each segment, ticks"""

    @property
    def longest(self) -> Fraction:
        """Seconds of its longest segment."""
        return Fraction(max(self.durations), self.timescale)

    def check(self) -> None:
        """Raises MpdError."""
        if NUMBER not in self.media:
            raise MpdError(f"SegmentTemplate@media needs {NUMBER} (§5.3.9.4.4)")
        if self.timescale < 1 or self.begin < (self.offset or 0) or self.number < 0:
            raise MpdError("SegmentTemplate: no timescale, or a time before its period")
        if not self.durations or min(self.durations) < 1:
            raise MpdError("SegmentTimeline: every segment needs a duration (§5.3.9.6)")

    def element(self) -> Element:
        self.check()
        return xml.element(
            "SegmentTemplate",
            (
                ("timescale", self.timescale),
                ("presentationTimeOffset", (self.begin if self.offset is None else self.offset) or None),
                ("startNumber", self.number),
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
