"""What playback counts (Prometheus, at /metrics of every API process)."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Histogram

MEDIA: Final = Counter(
    "channel_playback_media_total",
    "Requests for segments and init sections: there at once, waited for, or not there before patience ended.",
    ["answer"],
)
AT_ONCE: Final = MEDIA.labels("at_once")
WAITED: Final = MEDIA.labels("waited")
NOT_YET: Final = MEDIA.labels("not_yet")

WAIT: Final = Histogram(
    "channel_playback_wait_seconds",
    "How long requests waited for a segment that was still to be encoded.",
    buckets=(0.1, 0.25, 0.5, 1, 2, 4, 8, 16),
)
