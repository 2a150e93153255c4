"""AdaptationSet (ISO/IEC 23009-1 §5.3.3): encodings of the same thing that a player may switch between."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import gcd
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from manifests.dash import xml
from manifests.dash.content_protection import ContentProtection
from manifests.dash.descriptor import Descriptor
from manifests.dash.low_latency import Resync
from manifests.dash.representation import Representation
from manifests.dash.segment_template import REPRESENTATION, SegmentTemplate
from manifests.errors import MpdError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from manifests.dash.steady_template import SteadyTemplate

ContentType: TypeAlias = Literal["video", "audio", "text"]
_LANGUAGE: Final = re.compile(r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*")


def is_language(tag: str) -> bool:
    """Whether a text can stand in @lang (xs:language)."""
    return _LANGUAGE.fullmatch(tag) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptationSet:
    id: int
    """@id, unique in the period"""
    content_type: ContentType
    """@contentType"""
    mime_type: str
    """@mimeType"""
    language: str | None = None
    """@lang, an RFC 5646 tag"""
    label: str | None = None
    """Label: what viewers are shown"""
    priority: int | None = None
    """@selectionPriority: the higher, the sooner a player that was told nothing takes it; absent means 1"""
    channels: Descriptor | None = None
    """AudioChannelConfiguration"""
    protection: ContentProtection | None = None
    """ContentProtection; None: the segments are clear"""
    supplemental: tuple[Descriptor, ...] = ()
    """SupplementalProperty"""
    accessibility: tuple[Descriptor, ...] = ()
    """Accessibility"""
    roles: tuple[Descriptor, ...] = ()
    """Role"""
    resync: Resync | None = None
    """Resync; None: segments are read from their beginnings"""
    template: SegmentTemplate | None = None
    """SegmentTemplate of all the representations: their segments begin at the same times. None: each has its own"""
    representations: tuple[Representation, ...]
    """Representation (required), by rising bandwidth"""

    def check(self) -> None:
        """Raises MpdError."""
        if not self.representations:
            raise MpdError("an AdaptationSet needs a Representation")
        if self.language is not None and not is_language(self.language):
            raise MpdError(f"AdaptationSet@lang is no language: {self.language!r}")
        families = {(each.codecs or "").partition(".")[0] for each in self.representations}
        if len(families) != 1:
            raise MpdError(f"players switch within one codec: {families}")
        if any((each.template is None) == (self.template is None) for each in self.representations):
            raise MpdError("a SegmentTemplate stands in the set, or in each of its representations")
        if self.template is None:
            return
        if len(self.representations) > 1 and REPRESENTATION not in self.template.media:
            raise MpdError("SegmentTemplate@media must tell the representations apart")

    def templates(self) -> tuple[SegmentTemplate | SteadyTemplate, ...]:
        """That of the set, or those of its representations."""
        own = tuple(each.template for each in self.representations if each.template is not None)
        return own if self.template is None else (self.template,)

    def element(self) -> Element:
        """Attributes of the largest picture are those of the set; children in the order of the schema."""
        self.check()
        largest = max(self.representations, key=lambda each: each.width or 0)
        fastest = max((each.frame_rate for each in self.representations if each.frame_rate is not None), default=None)
        found = xml.element("AdaptationSet", (
            ("id", self.id),
            ("contentType", self.content_type),
            ("mimeType", self.mime_type),
            ("lang", self.language),
            ("par", _ratio(largest.width, largest.height)),
            ("maxWidth", largest.width),
            ("maxHeight", largest.height),
            ("maxFrameRate", None if fastest is None else xml.rate(fastest)),
            # Segments of text are as long as each other, but nothing decodes from them.
            ("segmentAlignment", "true"),
            ("startWithSAP", None if self.content_type == "text" else 1),
            ("selectionPriority", self.priority),
        ))  # fmt: skip
        if self.channels is not None:
            found.append(self.channels.element("AudioChannelConfiguration"))
        if self.protection is not None:
            found.extend(self.protection.elements())
        found.extend([each.element("SupplementalProperty") for each in self.supplemental])
        if self.label is not None:
            label = xml.element("Label")
            label.text = xml.text(self.label)
            found.append(label)
        if self.resync is not None:
            found.append(self.resync.element())
        found.extend([each.element("Accessibility") for each in self.accessibility])
        found.extend([each.element("Role") for each in self.roles])
        if self.template is not None:
            found.append(self.template.element())
        found.extend([each.element() for each in self.representations])
        return found


def _ratio(width: int | None, height: int | None) -> str | None:
    """@par of square pixels."""
    if not width or not height:
        return None
    common = gcd(width, height)
    return f"{width // common}:{height // common}"
