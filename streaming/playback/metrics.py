"""What playback counts (Prometheus, at /metrics of every API process)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prometheus_client import Counter, Histogram

from manifests import cmcd

if TYPE_CHECKING:
    from collections.abc import Mapping

MEDIA: Final = Counter(
    "channel_playback_media_total",
    "Requests for segments and init sections: there at once, waited for, or not there before patience ended.",
    ["answer"],
)
AT_ONCE: Final = MEDIA.labels("at_once")
WAITED: Final = MEDIA.labels("waited")
NOT_YET: Final = MEDIA.labels("not_yet")

KEYS: Final = Counter("channel_playback_keys_total", "Content keys that were given to players.")

WAIT: Final = Histogram(
    "channel_playback_wait_seconds",
    "How long requests waited for a segment that was still to be encoded.",
    buckets=(0.1, 0.25, 0.5, 1, 2, 4, 8, 16),
)

PLAYERS: Final = Counter(
    "channel_playback_cmcd_total",
    "Requests for media whose player sent CMCD, by its version and by whether its buffer had run empty since the last.",
    ["version", "starved"],
)


def note_player(query: str, headers: Mapping[str, str]) -> cmcd.Cmcd:
    """Count what a player says of itself (CTA-5004), if it says anything that can be read; and that."""
    said = cmcd.from_query(query) or cmcd.from_headers(headers)
    if said:
        PLAYERS.labels(str(said.version), "yes" if said.starved else "no").inc()
    return said
