"""What an MPD says to players that stay close to the live edge (ISO/IEC 23009-1 annex K, DASH-IF low latency)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from manifests.dash import xml
from manifests.errors import MpdError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDescription:
    """How close to the timeline of the MPD, and by which means."""

    target_ms: int
    """Latency@target"""
    least_ms: int
    """Latency@min"""
    most_ms: int
    """Latency@max"""
    slowest: Fraction
    """PlaybackRate@min"""
    fastest: Fraction
    """PlaybackRate@max"""

    def check(self) -> None:
        """Raises MpdError."""
        if not 0 <= self.least_ms <= self.target_ms <= self.most_ms:
            raise MpdError("Latency: the target lies between the least and the most (annex K)")
        if not 0 < self.slowest <= 1 <= self.fastest:
            raise MpdError("PlaybackRate: 1 lies between the slowest and the fastest (annex K)")

    def element(self) -> Element:
        self.check()
        return xml.element(
            "ServiceDescription",
            (("id", 0),),
            xml.element("Latency", (
                ("target", self.target_ms), ("max", self.most_ms), ("min", self.least_ms),
            )),
            xml.element("PlaybackRate", (("max", xml.number(self.fastest)), ("min", xml.number(self.slowest)))),
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Resync:
    """Where a player may begin to read within a segment."""

    kind: int
    """@type: 0, a chunk begins; 1 or 2, and what begins can be decoded alone"""
    interval: int
    """@dT: ticks between two of them at the most"""

    def element(self) -> Element:
        return xml.element("Resync", (("type", self.kind), ("dT", self.interval)))
