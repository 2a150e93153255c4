"""Media types of what a player fetches (Apple HLS authoring specification, rule 10.4)."""

from __future__ import annotations

from typing import Final

M3U8: Final = "application/vnd.apple.mpegurl"
SEGMENT: Final = "video/iso.segment"
VIDEO_INIT: Final = "video/mp4"
AUDIO_INIT: Final = "audio/mp4"
