"""Where editors find a channel's own slate."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streaming.live.channels.model import Channel


def slate_url(channel: Channel) -> str | None:
    """The address of its picture, another one for another picture; None: it shows the built-in slate."""
    return f"/api/channels/{channel.id}/slate?{channel.slate}" if channel.slate else None
