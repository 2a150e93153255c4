"""Metrics of publishers (Prometheus), by their place: primary or backup."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge

BYTES: Final = Counter("channel_live_publisher_bytes_total", "Bytes that publishers sent.", ["place"])
FRAMES: Final = Counter("channel_live_publisher_frames_total", "Pictures that publishers sent.", ["place"])
DROPPED: Final = Counter(
    "channel_live_publisher_frames_dropped_total", "Pictures of publishers that were not shown.", ["place"]
)
FILLED: Final = Counter(
    "channel_live_publisher_frames_filled_total",
    "Places without a picture of the publisher, in which the one before was shown again.",
    ["place"],
)
CLOCK_DRIFT: Final = Gauge(
    "channel_live_publisher_clock_drift_ppm",
    "How much faster a publisher's clock runs than ours, over ten minutes.",
    ["channel", "place"],
)
CLOCK_CORRECTED: Final = Gauge(
    "channel_live_publisher_clock_corrected_seconds",
    "What was added to a publisher's time stamps, to keep them to our clock.",
    ["channel", "place"],
)
RESTARTS: Final = Counter(
    "channel_live_encoder_restarts_total",
    "Encoders that died and were followed by another, while their publisher went on.",
    ["channel", "place"],
)
