"""Which channels there are to be watched, remembered for a moment: viewers ask several times a second."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from manifests.layout import is_name
from streaming.live.channels.errors import ChannelNotFound
from streaming.playback.single_flight import SingleFlight

if TYPE_CHECKING:
    from manifests.layout import ChannelId
    from streaming.live.channels.model import Channel
    from streaming.live.channels.service import Channels

_REMEMBERED_S: Final = 1.0
_CHANNELS: Final = 1000


class Doors:
    """What stands at the door of a channel: whether it is public, or there at all, may be a second old."""

    def __init__(self, channels: Channels) -> None:
        self._channels = channels
        self._known: dict[ChannelId, tuple[float, Channel | None]] = {}
        self._flight: SingleFlight[ChannelId, Channel | None] = SingleFlight()

    async def channel(self, channel_id: ChannelId) -> Channel:
        """Raises ChannelNotFound; DatabaseUnavailable."""
        now = asyncio.get_running_loop().time()
        known = self._known.get(channel_id)
        if known is not None and now < known[0]:
            found = known[1]
        else:
            found = await self._flight(channel_id, lambda: self._find(channel_id))
            if len(self._known) >= _CHANNELS:
                self._known.clear()
            self._known[channel_id] = (now + _REMEMBERED_S, found)
        if found is None:
            raise ChannelNotFound
        return found

    async def _find(self, channel_id: ChannelId) -> Channel | None:
        if not is_name(channel_id):
            return None
        try:
            return await self._channels.get(channel_id)
        except ChannelNotFound:
            return None
