"""The health of a channel, as the live process tells it once a second, and as Redis keeps it for five."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, TypeAlias

import msgspec

from streaming.live.ingest.publisher import Place
from transcoder.live.selector import Source

WayIn: TypeAlias = Literal["rtmp", "srt", "http"]

KEPT: Final = timedelta(seconds=5)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherHealth:
    """One publisher; null is what cannot be known (yet).

    `bitrate_bps`: over the last five seconds. `width` × `height`, `frame_rate` and codecs: as the stream states them;
    `measured_frame_rate`: as its pictures come. `keyframe_interval_s`: the longest of the last intervals. `frames`:
    pictures that came; `dropped_frames`: those of them that were not shown, since another one stands in their place;
    `filled_frames`: holes in which the picture before was shown again. `behind_ms`: how long after its last picture
    came in the latest part was handed out. `encoder_restarts`: encoders of this publication that died and were
    followed by another. `clock_drift_ppm`: how much faster the publisher's clock runs than ours, over ten minutes; less
    than 0: slower. `clock_corrected_ms`: what was added to his time stamps by now, to keep them to our clock.
    """

    place: Place
    way: WayIn
    since: datetime
    bitrate_bps: int | None
    width: int | None
    height: int | None
    frame_rate: float | None
    measured_frame_rate: float | None
    keyframe_interval_s: float | None
    video_codec: str | None
    audio_codec: str | None
    frames: int | None
    dropped_frames: int | None
    filled_frames: int | None
    behind_ms: int | None
    last_bytes_at: datetime | None
    encoder_restarts: int
    clock_drift_ppm: int | None
    clock_corrected_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the live process says of a channel. `warnings` are sentences for whoever runs the encoder. `lost_s`: seconds
    of the event that the bucket did not take, and will not get. `trouble`: why it takes nothing now; "": it does."""

    on_air: Source | None
    uploads_waiting: int
    lost_s: float
    trouble: str
    last_error: str | None
    publishers: tuple[PublisherHealth, ...]
    warnings: tuple[str, ...]


def dump(report: Report) -> bytes:
    return msgspec.json.encode(report)


def load(body: bytes) -> Report:
    """Raises msgspec.DecodeError on anything else than what `dump` wrote."""
    return msgspec.json.decode(body, type=Report)


def moment(ms: int) -> datetime:
    """Of milliseconds since the epoch."""
    return _EPOCH + timedelta(milliseconds=ms)
