"""Representation (ISO/IEC 23009-1 §5.3.5): one encoding of what its set shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from manifests.dash import xml
from manifests.dash.segment_template import SegmentTemplate
from manifests.dash.steady_template import SteadyTemplate
from manifests.errors import MpdError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_NAME: Final = re.compile(r"[^\s$]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Representation:
    id: str
    """@id (required), unique in the presentation, without white space: it stands in URLs for $RepresentationID$"""
    bandwidth: int
    """@bandwidth (required), b/s: a channel this wide plays it without a stop after @minBufferTime (§5.3.5.4)"""
    codecs: str | None = None
    """@codecs (RFC 6381)"""
    width: int | None = None
    """@width, pixels"""
    height: int | None = None
    """@height, pixels"""
    frame_rate: Fraction | None = None
    """@frameRate, frames per second"""
    sampling_rate: int | None = None
    """@audioSamplingRate, Hz"""
    template: SegmentTemplate | SteadyTemplate | None = None
    """SegmentTemplate of its own, where its set has none"""

    def check(self) -> None:
        """Raises MpdError."""
        if _NAME.fullmatch(self.id) is None:
            raise MpdError(f"Representation@id must have no white space: {self.id!r}")
        if self.bandwidth < 1:
            raise MpdError("Representation@bandwidth must be positive")

    def element(self) -> Element:
        self.check()
        found = xml.element("Representation", (
            ("id", self.id),
            ("bandwidth", self.bandwidth),
            ("codecs", self.codecs),
            ("width", self.width),
            ("height", self.height),
            ("sar", None if self.width is None else "1:1"),
            ("frameRate", None if self.frame_rate is None else xml.rate(self.frame_rate)),
            ("audioSamplingRate", self.sampling_rate),
        ))  # fmt: skip
        if self.template is not None:
            found.append(self.template.element())
        return found
