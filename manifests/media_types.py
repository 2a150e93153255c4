"""Media types of what a player fetches (Apple HLS authoring specification, rule 10.4), and how long it is kept."""

from __future__ import annotations

from typing import Final

M3U8: Final = "application/vnd.apple.mpegurl"
MPD: Final = "application/dash+xml"
SEGMENT: Final = "video/iso.segment"
VIDEO_INIT: Final = "video/mp4"
AUDIO_INIT: Final = "audio/mp4"
VTT: Final = "text/vtt; charset=utf-8"
TEXT: Final = "text/plain"
KEY: Final = "application/octet-stream"
JPEG: Final = "image/jpeg"

IMMUTABLE: Final = "public, max-age=31536000, immutable"
"""Cache-Control of what never changes under its URL: media, and files whose name carries a hash of their content."""
