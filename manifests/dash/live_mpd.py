"""MPD of something live (ISO/IEC 23009-1 §5.3.1, @type="dynamic"): periods on the clock of the world."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree

from manifests.dash import events, xml
from manifests.dash.adaptation_set import AdaptationSet
from manifests.dash.descriptor import Descriptor
from manifests.dash.events import Event
from manifests.dash.low_latency import ServiceDescription
from manifests.dash.mpd import NAMESPACE, PROFILES
from manifests.errors import MpdError
from manifests.hls import date_time

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


_DIRECT: Final = "urn:mpeg:dash:utc:direct:2014"
"""§5.8.5.7: the value is the time at which the manifest was made."""
_ASKED: Final = "urn:mpeg:dash:utc:http-iso:2014"
"""The value is a URL at which the time can be asked for."""


def clock_of(now: datetime) -> Descriptor:
    """A clock that stands still: as exact as the manifest is new."""
    return Descriptor(scheme=_DIRECT, value=date_time.render(now))


def clock_at(url: str) -> Descriptor:
    """A clock to be asked."""
    return Descriptor(scheme=_ASKED, value=url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A run of segments that nothing interrupts."""

    id: str
    """@id (required): the same for as long as anything of it is listed"""
    start: Fraction
    """@start (required), s of the timeline"""
    duration: Fraction | None = None
    """@duration, s; None: until the next one, or it goes on"""
    events: tuple[Event, ...] = ()
    """EventStream: splices"""
    sets: tuple[AdaptationSet, ...]
    """AdaptationSet (required), those that a player begins with first"""

    def check(self) -> None:
        """Raises MpdError."""
        names = [each.id for of_set in self.sets for each in of_set.representations]
        if not self.sets or len(set(names)) != len(names):
            raise MpdError("a Period needs sets, and representations with names of their own (§5.3.5.2)")

    def element(self) -> Element:
        self.check()
        duration = None if self.duration is None else xml.duration(self.duration)
        return xml.element(
            "Period",
            (("id", self.id), ("start", xml.duration(self.start)), ("duration", duration)),
            *events.stream(self.events),
            *(each.element() for each in self.sets),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveMpd:
    origin: datetime
    """@availabilityStartTime (required): where the timeline begins, and stays"""
    published: datetime
    """@publishTime (required): of the last change"""
    clock: Descriptor
    """UTCTiming (required): players set their clock by it"""
    update: Fraction | None
    """@minimumUpdatePeriod, s; None: nothing comes any more, and @mediaPresentationDuration says where it ends"""
    end: Fraction
    """where the last segment ends, s of the timeline"""
    depth: Fraction | None = None
    """@timeShiftBufferDepth, s; None: all of it stays"""
    delay: Fraction
    """@suggestedPresentationDelay (required), s"""
    min_buffer: Fraction
    """@minBufferTime (required), s"""
    service: ServiceDescription | None = None
    """ServiceDescription; None: players stay `delay` behind"""
    periods: tuple[Period, ...]
    """Period (required), in order"""

    def check(self) -> None:
        """Raises MpdError where the parts do not go together."""
        if not self.periods:
            raise MpdError("an MPD needs a Period")
        for each in self.periods:
            each.check()
        for one, other in pairwise(self.periods):
            if one.start + (one.duration or 0) > other.start or one.id == other.id:
                raise MpdError("periods follow each other, and have names of their own (§5.3.2)")

    def render(self) -> str:
        """The document. Raises MpdError."""
        self.check()
        longest = max(
            template.longest for period in self.periods for each in period.sets for template in each.templates()
        )
        root = xml.element(
            "MPD",
            (
                ("xmlns", NAMESPACE),
                ("profiles", ",".join(PROFILES)),
                ("type", "dynamic"),
                ("availabilityStartTime", date_time.render(self.origin)),
                ("publishTime", date_time.render(self.published)),
                ("minimumUpdatePeriod", None if self.update is None else xml.duration(self.update)),
                ("mediaPresentationDuration", xml.duration_up(self.end) if self.update is None else None),
                ("timeShiftBufferDepth", None if self.depth is None else xml.duration(self.depth)),
                ("suggestedPresentationDelay", xml.duration(self.delay)),
                ("minBufferTime", xml.duration(self.min_buffer)),
                ("maxSegmentDuration", xml.duration(longest)),
            ),
            *(() if self.service is None else (self.service.element(),)),
            *(period.element() for period in self.periods),
            self.clock.element("UTCTiming"),
        )
        ElementTree.indent(root)
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'
