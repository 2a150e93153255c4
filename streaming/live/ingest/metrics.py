"""Metrics of the ways in."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge

PUBLISHING: Final = Gauge("channel_ingest_publishers", "Publishers that send now, by way in.", ["way"])
RECEIVED: Final = Counter("channel_ingest_bytes_total", "Bytes of media received from publishers, by way in.", ["way"])
REFUSED: Final = Counter(
    "channel_ingest_refused_total",
    "Publishers that were not let in, by way in and reason: wrong_key, too_many_tries, not_taken, full, fault "
    "(what came was not the protocol).",
    ["way", "reason"],
)
