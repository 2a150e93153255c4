"""MPD (ISO/IEC 23009-1 §5.3.1): a presentation of one period, all of which can be requested at any time."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final
from xml.etree import ElementTree

from manifests.dash import xml
from manifests.dash.adaptation_set import AdaptationSet
from manifests.dash.content_protection import CENC_NAMESPACE, DASHIF_NAMESPACE
from manifests.errors import MpdError

NAMESPACE: Final = "urn:mpeg:dash:schema:mpd:2011"
PROFILES: Final = ("urn:mpeg:dash:profile:isoff-live:2011", "urn:mpeg:dash:profile:cmaf:2019")
"""§8.4: templates of numbered segments; "live" says how they are named, not that they are. §8.12: CMAF tracks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mpd:
    """A static presentation (@type="static")."""

    duration: Fraction
    """@mediaPresentationDuration (required), s: the end of the longest track. One that is told shorter than its media
    ends twice: dash.js 5.2.1 goes by what is told, stops there, and steps back half a second"""
    min_buffer: Fraction
    """@minBufferTime (required), s"""
    sets: tuple[AdaptationSet, ...]
    """AdaptationSet (required), those that a player begins with first"""

    def check(self) -> None:
        """Raises MpdError where the parts do not go together."""
        if not self.sets or self.duration <= 0:
            raise MpdError("an MPD needs something that lasts")
        ids = [each.id for each in self.sets]
        names = [each.id for of_set in self.sets for each in of_set.representations]
        if len(set(ids)) != len(ids) or len(set(names)) != len(names):
            raise MpdError("two sets, or two representations, have the same @id (§5.3.3.2, §5.3.5.2)")

    def render(self) -> str:
        """The document. Raises MpdError."""
        self.check()
        period = xml.element("Period", (("id", "0"), ("start", "PT0S")), *(each.element() for each in self.sets))
        longest = max(template.longest for each in self.sets for template in each.templates())
        protected = any(each.protection is not None for each in self.sets)
        root = xml.element(
            "MPD",
            (
                ("xmlns", NAMESPACE),
                ("xmlns:cenc", CENC_NAMESPACE if protected else None),
                ("xmlns:dashif", DASHIF_NAMESPACE if protected else None),
                ("profiles", ",".join(PROFILES)),
                ("type", "static"),
                ("mediaPresentationDuration", xml.duration_up(self.duration)),
                ("minBufferTime", xml.duration(self.min_buffer)),
                ("maxSegmentDuration", xml.duration(longest)),
            ),
            period,
        )
        ElementTree.indent(root)
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'
