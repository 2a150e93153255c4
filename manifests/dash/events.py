"""EventStream of SCTE 35 (ISO/IEC 23009-1 §5.10.2; SCTE 214-1 §6.8.4): splices at moments of a period."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from manifests.dash import xml

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree.ElementTree import Element

_SCHEME: Final = "urn:scte:scte35:2014:xml+bin"
_SIGNALS: Final = "http://www.scte.org/schemas/35/2016"
_MS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A splice. Players know an event by its id, however often they are told of it."""

    id: int
    """@id (required)"""
    at_ms: int
    """@presentationTime (required), ms of the period"""
    duration_ms: int | None = None
    """@duration, ms; None: not known"""
    section: bytes
    """Signal.Binary (required): the splice_info_section"""

    def element(self) -> Element:
        binary = xml.element("Binary")
        binary.text = base64.b64encode(self.section).decode()
        signal = xml.element("Signal", (("xmlns", _SIGNALS),), binary)
        times = (("presentationTime", self.at_ms), ("duration", self.duration_ms), ("id", self.id))
        return xml.element("Event", times, signal)


def stream(events: Sequence[Event]) -> tuple[Element, ...]:
    """EventStream, where there is something in it."""
    if not events:
        return ()
    of_scheme = (("schemeIdUri", _SCHEME), ("timescale", _MS))
    return (xml.element("EventStream", of_scheme, *(event.element() for event in events)),)
