"""Who may watch a channel: one rule for playlists, the list of what is live, and viewing sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streaming.catalog.policy import sees_all
from streaming.http.auth import principal
from streaming.live.channels.errors import ChannelNotFound

if TYPE_CHECKING:
    from starlette.requests import Request

    from manifests.layout import ChannelId
    from streaming.live.channels.model import Channel
    from streaming.live.viewing.doors import Doors


async def enter(request: Request, doors: Doors, channel_id: ChannelId) -> Channel:
    """The channel, if whoever asks may watch it. Raises ChannelNotFound, InvalidToken."""
    channel = await doors.channel(channel_id)
    if not channel.public and not sees_all(await principal(request)):
        raise ChannelNotFound
    return channel
