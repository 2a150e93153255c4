"""Events that are over, out of the bucket: Redis forgets them in time, or has been emptied.

Nobody tells them again, for no live process has to do with them any more. So an API process that finds nothing in
Redis reads the diary for itself. The bucket is asked only of channels that SQL knows and whose event is over, once for
all who ask at the same time; that there is nothing is remembered for a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from infra.errors import ObjectNotFound
from manifests import layout
from manifests.layout import RenditionId
from manifests.live.state import LiveRendition
from streaming.live.channels.model import ChannelState
from streaming.live.timeline.board import Told
from streaming.playback.single_flight import SingleFlight
from transcoder.live.diary import read_diary
from transcoder.live.event import LiveEvent, load

if TYPE_CHECKING:
    from infra.ports import ObjectStore
    from manifests.layout import ChannelId
    from streaming.live.timeline.service import Timelines
    from streaming.live.viewing.doors import Doors

_NOTHING_S: Final = 5.0
_REMEMBERED: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """An event that is over, as it was at its end."""

    event: LiveEvent
    states: Mapping[RenditionId, LiveRendition]
    tags: Sequence[Told]


class Archive:
    def __init__(self, doors: Doors, timelines: Timelines, store: ObjectStore) -> None:
        self._doors, self._timelines, self._store = doors, timelines, store
        self._flight: SingleFlight[tuple[ChannelId, int], Ended | None] = SingleFlight()
        self._nothing: dict[tuple[ChannelId, int], float] = {}

    async def last_event(self, channel_id: ChannelId) -> Ended | None:
        """Of a channel; None: it has none, or that is not over. Raises ChannelNotFound, DatabaseUnavailable,
        ObjectStoreError."""
        channel = await self._doors.channel(channel_id)
        if channel.state is not ChannelState.ENDED:
            return None
        key, now = (channel.id, channel.event), asyncio.get_running_loop().time()
        if self._nothing.get(key, now) > now:
            return None
        found = await self._flight(key, lambda: self._read(*key))
        if found is None:
            if len(self._nothing) >= _REMEMBERED:
                self._nothing.clear()
            self._nothing[key] = asyncio.get_running_loop().time() + _NOTHING_S
        return found

    async def _read(self, channel: ChannelId, number: int) -> Ended | None:
        try:
            event = load(await self._store.read(layout.live_event(channel, number)))
            states = await read_diary(self._store, event, now_ms=0)
        except (ObjectNotFound, msgspec.DecodeError):  # swept meanwhile
            return None
        if set(states) != set(event.renditions) or not all(state.ended for state in states.values()):
            return None  # a live process was killed before its end, and the next one brings that into the bucket
        return Ended(event=event, states=states, tags=await self._timelines.placed(channel, number))
