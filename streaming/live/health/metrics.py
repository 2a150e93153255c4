"""Metrics of publishers (Prometheus), by their place: primary or backup."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter

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
RESTARTS: Final = Counter(
    "channel_live_encoder_restarts_total",
    "Encoders that died and were followed by another, while their publisher went on.",
    ["channel", "place"],
)
