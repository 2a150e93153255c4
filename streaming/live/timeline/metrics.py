"""Metrics of timelines (Prometheus)."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter

SECTIONS: Final = Counter(
    "channel_live_splice_sections_total", "Sections of SCTE 35 in feeds, by what became of them.", ["outcome"]
)
