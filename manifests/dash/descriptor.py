"""Descriptors (ISO/IEC 23009-1 §5.8): what a set is for, in the words of a scheme."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from manifests.dash import xml

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

ROLE: Final = "urn:mpeg:dash:role:2011"
"""§5.8.5.5: `main`, `alternate`, `dub`, `commentary`, `description`, `subtitle`, `caption`, `forced-subtitle`"""
AUDIO_PURPOSE: Final = "urn:tva:metadata:cs:AudioPurposeCS:2007"
"""ETSI TS 102 822-3-1, as DVB-DASH and DASH-IF use it: `1` describes the picture to who does not see it, `2` is for
who hears badly"""
CHANNELS: Final = "urn:mpeg:dash:23003:3:audio_channel_configuration:2011"
"""ISO/IEC 23003-3 table 68: `1` mono, `2` stereo, `6` 5.1"""
SWITCHING: Final = "urn:mpeg:dash:adaptation-set-switching:2016"
"""§5.3.3.5: ids of other sets that show the same in another coding"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    scheme: str
    """@schemeIdUri (required)"""
    value: str | None = None
    """@value"""

    def element(self, name: str) -> Element:
        return xml.element(name, (("schemeIdUri", self.scheme), ("value", self.value)))


def role(value: str) -> Descriptor:
    return Descriptor(scheme=ROLE, value=value)
