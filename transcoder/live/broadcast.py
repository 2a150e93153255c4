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
from transcoder.live.outbox import Letter, Outbox
from transcoder.live.packager import Packager
from transcoder.live.playlist import bucket_playlist
from transcoder.live.upload_order import Order, Upload
from transcoder.live.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from infra.ports import Cache, ObjectStore
    from manifests.layout import ChannelId, RenditionId
    from manifests.live.state import LiveRendition, LiveSegment, Position
    from transcoder.live.event import LiveEvent

log = logging.getLogger(__name__)

_LAST_S: Final = 4.0
_KEPT_S: Final = 86_400
"""How long the state stays in Redis without a change, behind the length of the window."""


class Broadcast:
    """Made by `begin` or `resume`. `packager` takes the parts of runs."""

    def __init__(
        self, event: LiveEvent, *, cache: Cache, store: ObjectStore, clock: Callable[[], int], dvr: timedelta,
        states: dict[RenditionId, LiveRendition] | None = None,
    ) -> None:  # fmt: skip
        self.event, self._cache, self._store = event, cache, store
        window_s = int(dvr.total_seconds())
        self._kept = window_s * 1000 // event.grid.segment_ms + 1
        self._state_ms = 1000 * (window_s + _KEPT_S)
        self._outbox = Outbox(cache, state_ms=self._state_ms, body_ms=1000 * board.BODY_S)
        self._uploads = Uploads(store)
        self._pushed = {rendition: _past_end(state) for rendition, state in (states or {}).items()}
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
        body = dump(self.event)
        key = layout.live_event(self.channel, self.event.number)
        self._uploads.put(Upload(key=key, body=body, media_type="application/json", order=Order.FACT))
        self._outbox.post(Letter(key=board.event_key(self.channel), value=body, wake_up=board.wake_up(self.channel)))

    async def take_over(self) -> None:
        """Go on where the packager before this one was killed: its last segment ends, and what it had no time to bring
        into the bucket is brought there. Raises CacheUnavailable."""
        if all(state.ended for state in self.packager.states.values()):
            return
        for rendition, state in self.packager.states.items():
            growing = () if state.growing is None else (state.growing,)
            for segment in (*state.segments[-board.RECENT :], *growing):
                parts = [await self._kept_part(rendition, segment, index) for index in range(len(segment.parts))]
                whole = b"".join(part for part in parts if part is not None)
                # With less than all of it the one that may be in the bucket is the better one.
                if None not in parts and not segment.gap:
                    self._keep(rendition, segment.number, whole)
        self.packager.end_run()

    async def _kept_part(self, rendition: RenditionId, segment: LiveSegment, index: int) -> bytes | None:
        return await self._cache.get(board.part_key(self.channel, rendition, segment.number, index))

    async def aclose(self) -> None:
        """Stop: what is not told within moments stays untold, and the next one tells it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_S):
                await self._outbox.drained()
                await self._uploads.drained()
        await self._outbox.aclose()
        await self._uploads.aclose()

    async def finish(self) -> None:
        """End the event, and wait until all of it is told and kept."""
        if not all(state.ended for state in self.packager.states.values()):
            self.packager.end()
        await self._outbox.drained()
        await self._uploads.drained()
        await self.aclose()

    # --- Told ---

    def init(self, rendition: RenditionId, name: str, body: bytes) -> None:
        key = board.init_key(self.channel, rendition, name)
        self._outbox.post(Letter(key=key, value=body))
        kind = media_types.AUDIO_INIT if rendition == self.event.sound.id else media_types.VIDEO_INIT
        self._uploads.put(
            Upload(key=layout.live_init(self.channel, rendition, name), body=body, media_type=kind, order=Order.FACT)
        )  # fmt: skip

    def changed(self, rendition: RenditionId, state: LiveRendition) -> None:
        self._post(rendition, state)
        self._list(rendition, state)

    def part(self, rendition: RenditionId, state: LiveRendition, position: Position, body: bytes) -> None:
        self._post(rendition, state, body_key=board.part_key(self.channel, rendition, *position), body=body)

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

    def _post(self, rendition: RenditionId, state: LiveRendition, *, body_key: str = "", body: bytes = b"") -> None:
        past = self._past(rendition, state)
        tail = board.dump_tail(state)
        self._outbox.post(
            Letter(
                key=board.tail_key(self.channel, rendition), value=tail, body_key=body_key, body=body,
                past_key=board.past_key(self.channel, rendition),
                past=tuple(board.dump_segment(segment) for segment in past), kept=self._kept,
                wake_up=board.wake_up(self.channel), message=rendition.encode() + b"\n" + tail,
            )
        )  # fmt: skip

    def _past(self, rendition: RenditionId, state: LiveRendition) -> list[LiveSegment]:
        """Segments that were in the last tail, and are in the next one no more."""
        pushed = self._pushed.get(rendition, -1)
        found = []
        for place in range(len(state.segments) - board.RECENT - 1, -1, -1):
            if state.segments[place].number <= pushed:
                break
            found.append(state.segments[place])
        if found:
            self._pushed[rendition] = found[0].number
        return found[::-1]


def _past_end(state: LiveRendition) -> int:
    """The number of the last segment that is not in the tail."""
    return state.segments[-board.RECENT - 1].number if len(state.segments) > board.RECENT else -1


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
