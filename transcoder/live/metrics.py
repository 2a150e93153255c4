"""Metrics of live feeds (Prometheus)."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

ACTIVE: Final = Gauge("channel_live_active", "1 in the live process that is active, 0 in those that stand by.")
FEEDS: Final = Gauge("channel_live_feeds", "Feeds that are encoded in this process.")
PARTS: Final = Counter("channel_live_parts_total", "Parts that were made, of all renditions.")
PART_DELAY: Final = Histogram(
    "channel_live_part_delay_seconds",
    "From the moment of a part's last picture, as it came in, to the part being handed out.",
    buckets=(0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10),
)
RUNS: Final = Counter("channel_live_runs_total", "Runs of encoders, by how they ended.", ["end"])
TURNS: Final = Counter("channel_live_turns_total", "Changes of who is on air, by who it is then.", ["source"])
UPLOADS_WAITING: Final = Gauge("channel_live_uploads_waiting", "Objects that wait for the bucket.")
SEGMENTS_GIVEN_UP: Final = Counter(
    "channel_live_segments_given_up_total", "Segments that the bucket did not take in time."
)
