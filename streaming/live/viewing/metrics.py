"""What watching live counts (Prometheus, at /metrics of every API process)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prometheus_client import Histogram

from streaming.playback.metrics import note_player

if TYPE_CHECKING:
    from collections.abc import Mapping

LATENCY: Final = Histogram(
    "channel_live_cmcd_latency_seconds",
    "How far behind live players are, by what they say with their requests for media (CMCD, ltc).",
    buckets=(0.5, 1, 1.5, 2, 3, 4, 6, 10, 30, 60, 600),
)


def note_viewer(query: str, headers: Mapping[str, str]) -> None:
    """Count what a player says of itself (CTA-5004), and how far behind live it is."""
    latency = note_player(query, headers).latency
    if latency is not None and latency >= 0:
        LATENCY.observe(latency / 1000)
