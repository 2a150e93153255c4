"""Metrics of the worker (Prometheus); those of its tasks and of the queue are in `infra/metrics.py`."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter

OBJECTS: Final = Counter("channel_published_objects_total", "Init sections and segments that this worker wrote.")
BYTES: Final = Counter("channel_published_bytes_total", "Bytes of the init sections and segments that it wrote.")
FOUND: Final = Counter("channel_published_twice_total", "Objects that it made and found written by somebody else.")
FETCHED: Final = Counter("channel_source_fetched_bytes_total", "Bytes of sources that it fetched onto its disk.")
BLOCKS: Final = Counter("channel_source_blocks_total", "Blocks (256 KiB) of sources that its tasks asked for.")
MISSES: Final = Counter("channel_source_blocks_missed_total", "Those that were not on its disk yet.")
FAILURES: Final = Counter("channel_asset_failures_total", "Asset versions that this worker gave up, by code.", ["code"])
