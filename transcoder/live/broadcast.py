"""An event on its way out: what the packager says, to Redis at once and to the bucket behind it.

One in a process for each channel that runs, from the first picture to the end of the event, however many publishers
come and go. What Redis holds of it is enough to go on after this process was killed.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from infra.errors import CacheUnavailable, ObjectStoreError
from manifests import layout, media_types
from transcoder.live import board
from transcoder.live.event import dump, load
from transcoder.live.packager import Packager
from transcoder.live.playlist import bucket_playlist
from transcoder.live.telling import Telling
from transcoder.live.upload_order import Order, Upload
from transcoder.live.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from infra.ports import Cache, ObjectStore
    from manifests.layout import ChannelId, RenditionId
    from manifests.live.state import LiveRendition, LiveSegment, Position
    from transcoder.live.event import LiveEvent
    from transcoder.live.fence import Fence

log = logging.getLogger(__name__)

_LAST_S: Final = 4.0


class Broadcast:
    """Made by `begin` or `resume`. `packager` takes the parts of runs."""

    def __init__(
        self, event: LiveEvent, *, cache: Cache, store: ObjectStore, clock: Callable[[], int], dvr: timedelta,
        states: dict[RenditionId, LiveRendition] | None = None, fence: Fence | None = None,
    ) -> None:  # fmt: skip
        self.event, self._cache, self._store = event, cache, store
        window_s = int(dvr.total_seconds())
        self._telling = Telling(event, cache=cache, window_s=window_s, fence=fence, states=states)
        self._uploads = Uploads(store, fence=fence)
        self.packager = Packager(event, told=self, clock=clock, window_s=window_s, states=states)

    @property
    def channel(self) -> ChannelId:
        return self.event.channel

    @property
    def uploads_waiting(self) -> int:
        """Objects that are not in the bucket yet."""
        return self._uploads.waiting

    def announce(self) -> None:
        """Say what the event is made of, before anything of it: in the bucket for ever, in Redis for the viewers."""
        self._fact(dump(self.event))

    def _fact(self, body: bytes, *, known: bool = False) -> None:
        key = layout.live_event(self.channel, self.event.number)
        self._uploads.put(Upload(key=key, body=body, media_type="application/json", order=Order.FACT))
        self._telling.fact(board.event_key(self.channel), body, wakes=True, known=known)

    async def take_over(self) -> None:
        """Go on where the packager before this one was killed: its last segment ends, and what it had no time to bring
        into the bucket is brought there. Raises CacheUnavailable."""
        if all(state.ended for state in self.packager.states.values()):
            return
        await self._keep_facts()
        for rendition, state in self.packager.states.items():
            growing = () if state.growing is None else (state.growing,)
            for segment in (*state.segments[-board.RECENT :], *growing):
                parts = [await self._kept_part(rendition, segment, index) for index in range(len(segment.parts))]
                whole = b"".join(part for part in parts if part is not None)
                # With less than all of it the one that may be in the bucket is the better one.
                if None not in parts and not segment.gap:
                    self._keep(rendition, segment.number, whole)
        self.packager.end_run()

    async def _keep_facts(self) -> None:
        """What is told once was told by the process before: it is known here too, and in the bucket for certain."""
        self._fact(dump(self.event), known=True)
        for rendition, state in self.packager.states.items():
            for name in {state.init, *(segment.init for segment in state.segments[-board.RECENT :])}:
                key = board.init_key(self.channel, rendition, name)
                if (body := await self._cache.get(key)) is not None:
                    self._telling.fact(key, body, known=True)
                    self._keep_init(rendition, name, body)

    async def _kept_part(self, rendition: RenditionId, segment: LiveSegment, index: int) -> bytes | None:
        return await self._cache.get(board.part_key(self.channel, rendition, segment.number, index))

    async def aclose(self) -> None:
        """Stop: what is not told within moments stays untold, and the next one tells it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_S):
                await self._telling.drained()
                await self._uploads.drained()
        await self._telling.aclose()
        await self._uploads.aclose()

    async def finish(self) -> None:
        """End the event, and wait until all of it is told and kept."""
        if not all(state.ended for state in self.packager.states.values()):
            self.packager.end()
        await self._telling.drained()
        await self._uploads.drained()
        with suppress(CacheUnavailable):
            await self._cache.publish(board.OVER, board.over(self.channel, self.event.number))
        await self.aclose()

    # --- Told ---

    def init(self, rendition: RenditionId, name: str, body: bytes) -> None:
        self._telling.fact(board.init_key(self.channel, rendition, name), body)
        self._keep_init(rendition, name, body)

    def _keep_init(self, rendition: RenditionId, name: str, body: bytes) -> None:
        kind = media_types.AUDIO_INIT if rendition == self.event.sound.id else media_types.VIDEO_INIT
        self._uploads.put(
            Upload(key=layout.live_init(self.channel, rendition, name), body=body, media_type=kind, order=Order.FACT)
        )  # fmt: skip

    def changed(self, rendition: RenditionId, state: LiveRendition) -> None:
        self._telling.state(rendition, state)
        self._list(rendition, state)

    def part(self, rendition: RenditionId, state: LiveRendition, position: Position, body: bytes) -> None:
        self._telling.state(rendition, state, position=position, body=body)

    def segment(self, rendition: RenditionId, number: int, body: bytes) -> None:
        self._keep(rendition, number, body)
        self._list(rendition, self.packager.states[rendition])

    def _keep(self, rendition: RenditionId, number: int, body: bytes) -> None:
        if body:
            key = layout.live_segment(self.channel, rendition, number)
            self._uploads.put(Upload(key=key, body=body, media_type=media_types.SEGMENT))

    def _list(self, rendition: RenditionId, state: LiveRendition) -> None:
        if state.segments:
            key = layout.live_playlist(self.channel, rendition)
            body = bucket_playlist(state).encode()
            self._uploads.put(Upload(key=key, body=body, media_type=media_types.M3U8, order=Order.LISTING))


async def find_event(cache: Cache, store: ObjectStore, channel: ChannelId, number: int) -> LiveEvent | None:
    """What event number `number` of a channel is made of, if that was settled before."""
    try:
        kept = await cache.get(board.event_key(channel))
    except CacheUnavailable:
        kept = None
    if kept is not None and (event := load(kept)).number == number:
        return event
    try:
        return load(await store.read(layout.live_event(channel, number)))
    except ObjectStoreError:
        return None
