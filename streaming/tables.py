"""All tables of the service: importing this fills `metadata`."""

from __future__ import annotations

from infra.sql import metadata
from streaming.captions import tables as captions
from streaming.catalog import tables as catalog
from streaming.live.channels import tables as channels
from streaming.live.keys import tables as live_keys
from streaming.live.recordings import tables as recordings
from streaming.live.timeline import tables as live_timeline
from streaming.sessions import tables as sessions
from streaming.tokens import tables as tokens
from streaming.upload import tables as upload

__all__ = [
    "captions", "catalog", "channels", "live_keys", "live_timeline", "metadata", "recordings", "sessions", "tokens",
    "upload",
]  # fmt: skip
