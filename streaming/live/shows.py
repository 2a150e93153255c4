"""All channels that run in this process, in step with what SQL says of them. The ways in publish here."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from infra.errors import InfraError
from infra.tasks import end
from manifests.layout import ChannelId
from streaming.live.channels.errors import ChannelNotFound
from streaming.live.channels.model import RUNNING, ChannelState
from streaming.live.channels.service import CHANGED
from streaming.live.health.teller import tell_health
from streaming.live.ingest.errors import NotTaken, ProtocolFault
from streaming.live.ingest.turned_away import Door
from streaming.live.show import Show
from transcoder.live.admission import check_room
from transcoder.live.broadcast import Broadcast, find_event
from transcoder.live.journal import Journal, clear_others
from transcoder.live.left import find_left
from transcoder.live.slate_making import make_slate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from infra.ports import Cache, ObjectStore
    from manifests.layout import RenditionId
    from manifests.live.state import LiveRendition
    from streaming.live.channels.model import Channel
    from streaming.live.channels.service import Channels
    from streaming.live.ingest.publisher import Publisher, Sink
    from streaming.live.show import Feed
    from streaming.live.timeline.scte35.splice import Splice
    from streaming.profiles.folder import ProfileFolder
    from transcoder.encoder_settings import EncoderSettings
    from transcoder.live.event import LiveEvent
    from transcoder.live.fence import Fence
    from transcoder.profile import Profile

log: Final = logging.getLogger("channel.live")

_LOOK_S: Final = 2.0
_TICK_S: Final = 0.05


class Shows:
    """`clock`: ms since the epoch. `capacity` in million pixels a second. `fence`: this process is the active one.
    `hear`: takes what a feed of an event says by SCTE 35, and its moment (ms since the epoch). `journals`: a folder
    that no other process writes into; None: none are kept."""

    def __init__(
        self, *, channels: Channels, profiles: ProfileFolder, cache: Cache, store: ObjectStore,
        encoder: EncoderSettings, capacity: int, clock: Callable[[], int], fence: Fence | None = None,
        hear: Callable[[ChannelId, int, Splice, int], None] | None = None, journals: Path | None = None,
    ) -> None:  # fmt: skip
        self.channels, self.encoder, self.clock, self.fence, self.hear = channels, encoder, clock, fence, hear
        self._profiles, self._cache, self._store, self._capacity = profiles, cache, store, capacity
        self.door = Door(time.monotonic)
        """Who was turned away from it."""
        self._journals, self._are_swept = journals, False
        self._shows: dict[ChannelId, Show] = {}
        self._finished: set[ChannelId] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._opening, self._changed = asyncio.Lock(), asyncio.Event()

    # --- Feeds: what the ways in see ---

    @asynccontextmanager
    async def open(self, publisher: Publisher) -> AsyncIterator[Sink]:
        """Begin a publication; leaving the context ends it. Raises NotTaken."""
        try:
            channel = await self.channels.get(ChannelId(publisher.channel))
            if channel.state not in RUNNING:
                raise NotTaken("The channel is not started.")
            show = await self._show(channel)
        except ChannelNotFound as exc:
            raise NotTaken("The channel was deleted.") from exc
        except InfraError as exc:
            raise NotTaken("The server cannot take a stream at the moment.") from exc
        feed = await show.open(publisher)
        try:
            yield feed
        except ProtocolFault as exc:
            feed.trouble = exc.detail
            raise
        finally:
            await feed.finish()

    # --- what shows ask for ---

    async def profile_of(self, channel: Channel) -> Profile:
        return await self._profiles.chosen(channel.profile, tenant=channel.created_by)

    def check_room(self, event: LiveEvent, *, of: Feed) -> None:
        """Raises FeedRefused."""
        others = [
            feed.event
            for show in self._shows.values()
            for feed in show.feeds.values()
            if feed is not of and feed.event is not None
        ]
        check_room(event, others, capacity=self._capacity)

    def begin(self, event: LiveEvent, channel: Channel) -> Broadcast:
        made = self._broadcast(event, channel, self._journal(channel))
        made.announce()
        return made

    def _journal(self, channel: Channel) -> Journal | None:
        return None if self._journals is None else Journal(self._journals / channel.id / str(channel.event))

    def _broadcast(
        self, event: LiveEvent, channel: Channel, journal: Journal | None,
        states: dict[RenditionId, LiveRendition] | None = None,
    ) -> Broadcast:  # fmt: skip
        return Broadcast(
            event, cache=self._cache, store=self._store, clock=self.clock, dvr=channel.dvr,
            slate_of=partial(make_slate, settings=self.encoder), picture=channel.slate, states=states,
            fence=self.fence, journal=journal,
        )  # fmt: skip

    # --- what runs beside the ways in ---

    async def run(self) -> None:
        """Until it is cancelled."""
        beside = [
            asyncio.create_task(self._tick()),
            asyncio.create_task(self._listen()),
            asyncio.create_task(tell_health(self._shows.values, cache=self._cache, clock=self.clock)),
        ]
        try:
            while True:
                self._changed.clear()
                try:
                    await self._look()
                except InfraError as exc:
                    log.warning("channels stay as they were", extra={"cause": str(exc)})
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_S):
                        await self._changed.wait()
        finally:
            await end(*beside)
            await end(*self._ending)
            await asyncio.gather(*(show.aclose() for show in self._shows.values()))

    async def _look(self) -> None:
        """Begin what was started, end what was stopped, and what a process before this one has left unfinished."""
        there = {channel.id: channel for channel in await self.channels.list()}
        if self._journals is not None and not self._are_swept:
            events = {channel.id: channel.event for channel in there.values()}
            await asyncio.to_thread(clear_others, self._journals, events)
            self._are_swept = True
        for channel in there.values():
            try:
                await self._look_at(channel)
            except InfraError as exc:
                log.warning("a channel stays as it was", extra={"channel": channel.id, "cause": str(exc)})
            except Exception:  # of one channel: the others are not to suffer from it
                log.exception("channel %s cannot be run", channel.id)
        for channel_id, show in list(self._shows.items()):
            now = there.get(channel_id)
            if now is None or now.state not in RUNNING or now.event != show.channel.event:
                del self._shows[channel_id]
                self._finish(show)

    async def _look_at(self, channel: Channel) -> None:
        if channel.state in RUNNING:
            (await self._show(channel)).want_slate(channel.slate)
        elif channel.id not in self._shows and channel.id not in self._finished:
            await self._finish_left(channel)

    async def _show(self, channel: Channel) -> Show:
        async with self._opening:
            show = self._shows.get(channel.id)
            if show is None or show.channel.event != channel.event:
                if show is not None:
                    self._finish(show)
                show = self._shows[channel.id] = Show(self, channel, await self._left(channel))
                self._finished.discard(channel.id)
            return show

    def _finish(self, show: Show) -> None:
        """End an event beside the others: nobody waits for a bucket that does not answer."""
        task = asyncio.create_task(show.finish(), name=f"end of {show.channel.id}")
        self._ending.add(task)
        # Whoever looks meanwhile has nothing to end a second time.
        self._finished.add(show.channel.id)
        task.add_done_callback(partial(self._ended, show.channel.id))

    def _ended(self, channel: ChannelId, task: asyncio.Task[None]) -> None:
        self._ending.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            log.error("an event did not end well", exc_info=fault)
            self._finished.discard(channel)

    async def _left(self, channel: Channel) -> Broadcast | None:
        """The channel's event, if a process before this one has begun it."""
        is_begun = channel.state is not ChannelState.WAITING
        journal = self._journal(channel)
        event = await find_event(
            self._cache, self._store, channel.id, channel.event, is_begun=is_begun, journal=journal
        )  # fmt: skip
        if event is None:
            return None
        left = await find_left(self._cache, self._store, event, journal, now_ms=self.clock())
        log.info("an event goes on", extra={"channel": channel.id, "event": event.number})
        made = self._broadcast(event, channel, journal, left.states)
        await made.take_over()
        if left.is_lost:
            made.recall()
        return made

    async def _finish_left(self, channel: Channel) -> None:
        if channel.state is ChannelState.ENDED:
            left = await self._left(channel)
            if left is not None:
                self._finish(Show(self, channel, left))
        self._finished.add(channel.id)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            for show in self._shows.values():
                try:
                    show.tick()
                except Exception:
                    log.exception("time stands still for %s", show.channel.id)

    async def _listen(self) -> None:
        while True:
            try:
                async with self._cache.subscribe(CHANGED) as messages:
                    async for _ in messages:
                        self._changed.set()
            except InfraError:
                await asyncio.sleep(_LOOK_S)
