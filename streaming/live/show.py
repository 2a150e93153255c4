"""One channel that runs in this process: its event on its way out, and its publishers, one at each place.

Publishers come and go; who comes with the key of a place takes it from whoever is there, for an encoder that lost its
connection knows so before we do. Which of them is seen, is decided part by part (transcoder/live/selector.py).
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from infra.errors import DatabaseUnavailable
from infra.tasks import end
from streaming.http.problem import ApiError
from streaming.live.channels.model import ChannelState
from streaming.live.entry.way import entry_of
from streaming.live.health.gauge import Gauge
from streaming.live.health.metrics import RESTARTS
from streaming.live.ingest.errors import FeedClosed, NotTaken
from streaming.live.ingest.publisher import Place, Way
from streaming.live.timeline.scte35.tap import SpliceTap
from transcoder.live.argv import origin_of
from transcoder.live.arrivals import Arrivals
from transcoder.live.errors import EncoderDied, FeedBroken, FeedError, FeedRefused, OpeningDied
from transcoder.live.event import plan_event
from transcoder.live.metrics import FEEDS, RUNS
from transcoder.live.opening import read_opening
from transcoder.live.restarts import MOST, Restarts
from transcoder.live.rhythm import Rhythm
from transcoder.live.run import Run
from transcoder.live.selector import Source
from transcoder.live.timing.keeper import Timekeeper
from transcoder.live.timing.restamper import restamper

if TYPE_CHECKING:
    from streaming.live.channels.model import Channel
    from streaming.live.ingest.publisher import Publisher
    from streaming.live.shows import Shows
    from streaming.live.timeline.scte35.splice import Splice
    from transcoder.live.argv import Origin
    from transcoder.live.broadcast import Broadcast
    from transcoder.live.event import LiveEvent
    from transcoder.live.opening import Opening

log: Final = logging.getLogger("channel.live")

_BY_SEGMENTS: Final = frozenset({Way.CMAF, Way.HLS})
_LAST_WORDS_S: Final = 5.0
"""What an encoder has to hand over the pictures that it holds when its publisher is gone."""
_WAITED_MS: Final = 300
_KEY_S: Final = 15.0
"""How long a new encoder waits for a key picture: longer than the segments that are pushed by HTTP."""


class Feed:
    """One publisher: a `Sink`, and the task that makes parts of what is written to it.

    An encoder that dies is not his fault, or not likely: he stays, and another one goes on from his next key picture.
    """

    def __init__(self, show: Show, publisher: Publisher) -> None:
        self.publisher = publisher
        self._show = show
        self.source = Source(publisher.place.value)
        self.arrivals = Arrivals(show.shows.clock)
        self._entry = entry_of(publisher.container)
        self.restarts = Restarts()
        bursts = publisher.way in _BY_SEGMENTS
        self._keeper = Timekeeper(bursts=bursts)
        self.gauge = Gauge(publisher, self.arrivals, self.restarts, self._keeper, show.shows.clock)
        self._restamper = restamper(publisher.container.value, self._keeper)
        self._splices = SpliceTap(publisher, self._heard, show.shows.clock)
        self._rhythm = Rhythm(show.shows.clock(), bursts=bursts)
        self._waits = False
        self.event: LiveEvent | None = None
        """What its encoder makes; None: there is no encoder yet."""
        self.trouble = ""
        self._task = asyncio.create_task(self._run(), name=f"feed of {show.channel.id}")

    async def write(self, body: bytes) -> None:
        if self._task.done():
            raise FeedClosed(self.trouble)
        clock = self._show.shows.clock
        self._keeper.in_time = not self.arrivals.is_behind
        kept = self._restamper.feed(body, clock())
        self.gauge.take(kept)
        self._splices.take(body, moved=self._keeper.moved)
        self._rhythm.came(came := clock())
        self._waits = True
        try:
            await self.arrivals.put(self._entry.passed(kept))
        finally:
            self._waits = False
            self._rhythm.came(clock())
            if clock() - came > _WAITED_MS:
                self._keeper.presence.waited(clock())

    def settle(self, opening: Opening, event: LiveEvent, origin: Origin) -> None:
        """What the stream is, and where it lies on the grid: from now on it is kept there."""
        self._keeper.settle(start=opening.start, anchor=opening.anchor, phase=origin.phase, rate=event.grid.rate)
        self.gauge.settle(opening, event, origin)

    @property
    def is_quiet(self) -> bool:
        """He sends nothing, or no pictures, any more. Who may not send, since his encoder is behind, is not quiet."""
        now = self._show.shows.clock()
        return not self._waits and (self._rhythm.is_quiet(now) or self._keeper.presence.lacks_picture(now))

    def lacks_sound(self) -> bool:
        """He announced some, and sends none."""
        return not self._waits and self._keeper.presence.lacks_sound(self._show.shows.clock())

    def _heard(self, splice: Splice, at_ms: int) -> None:
        """Who stands by says the same as who is on air."""
        if self._show.on_air in (None, Source.SLATE, self.source):
            self._show.heard(splice, at_ms)

    async def finish(self) -> None:
        """The publisher is gone: what he has sent is shown to its end."""
        self.arrivals.end()
        await asyncio.wait([self._task], timeout=_LAST_WORDS_S)
        await end(self._task)

    async def stop(self, reason: str) -> None:
        self.trouble = reason
        self.arrivals.end()
        await end(self._task)

    async def _run(self) -> None:
        outcome = "publisher"
        try:
            while await self._encoded() and await self._entered():
                pass
        except FeedError as exc:
            # What the way in has found wrong comes first: this may follow from it.
            self.trouble, outcome = self.trouble or str(exc), exc.code
            log.warning("a feed was lost", extra={"channel": self._show.channel.id, "why": str(exc)})
        except asyncio.CancelledError:
            outcome = "stopped"
            raise
        except Exception:
            self.trouble, outcome = "A fault of the server; its log has the rest.", "fault"
            log.exception("the feed of %s failed", self._show.channel.id)
        finally:
            self.arrivals.end()
            self.gauge.close()
            RUNS.labels(outcome).inc()
            self._show.left(self)

    async def _encoded(self) -> bool:
        """By one encoder, to its end. False: the feed is over; True: another is to go on. Raises FeedError."""
        try:
            opening = await read_opening(self.arrivals, demuxer=self.publisher.container.value)
            self._splices.settle(opening)
            await self._show.take(self, opening)
        except (EncoderDied, OpeningDied) as exc:
            self._begin_again(exc)
            return True
        return False

    def _begin_again(self, died: EncoderDied | OpeningDied) -> None:
        """What comes up to the next key picture is let go. Raises FeedError if there is to be no other encoder."""
        has_shown = self.restarts.count or (isinstance(died, EncoderDied) and died.delivered)
        if self.arrivals.is_ended or not has_shown:
            raise died
        if not self.restarts.allowed(self._show.shows.clock()):
            raise FeedBroken(f"{died} It was the {MOST + 1}th within a minute.", code=died.code) from died
        RUNS.labels(died.code).inc()
        self._entry.shut()
        self.arrivals.end()
        self.arrivals = Arrivals(self._show.shows.clock)
        self.gauge.begin_again(self.arrivals)
        self._show.restarted(self, str(died))

    async def _entered(self) -> bool:
        """Wait for the key picture that the next encoder begins with. False: the publisher is gone."""
        try:
            async with asyncio.timeout(_KEY_S):
                return await self.arrivals.begun()
        except TimeoutError as exc:
            raise FeedBroken(f"No key picture came within {_KEY_S:g} s for another encoder.", code="no_key") from exc


class Show:
    """`channel` as it was when its event began, but for its slate; `broadcast` None until the first publisher."""

    def __init__(self, shows: Shows, channel: Channel, broadcast: Broadcast | None) -> None:
        self.shows, self.channel, self.broadcast = shows, channel, broadcast
        self.feeds: dict[Place, Feed] = {}
        self.last_error = ""
        """Why the last publisher was turned away or lost, if that was not his own wish."""
        self._is_over = False
        self._steps: set[asyncio.Task[None]] = set()
        self._written: ChannelState | None = None
        self._opening, self._planning, self._writing = asyncio.Lock(), asyncio.Lock(), asyncio.Lock()

    @property
    def on_air(self) -> Source | None:
        """Who is seen; None: nothing was shown yet."""
        return None if self.broadcast is None else self.broadcast.on_air.source

    async def open(self, publisher: Publisher) -> Feed:
        """Raises NotTaken once it is over."""
        async with self._opening:
            before = self.feeds.get(publisher.place)
            if before is not None:
                await before.stop("Another publisher came with the same key.")
            if self._is_over:
                raise NotTaken("The event has ended, or another process goes on with it.")
            feed = self.feeds[publisher.place] = Feed(self, publisher)
            return feed

    async def take(self, feed: Feed, opening: Opening) -> None:
        """Make parts of a feed until it ends. Raises FeedError."""
        shows = self.shows
        async with self._planning:
            event = await self._event(opening)
            shows.check_room(event, of=feed)
            if self.broadcast is None:
                self.broadcast = shows.begin(event, self.channel)
            feed.event = event
        on_air, origin = self.broadcast.on_air, origin_of(event, opening.anchor)
        dense = feed.publisher.place is Place.BACKUP
        run = Run(
            event=event, opening=opening, origin=origin, dense=dense, demuxer=feed.publisher.container.value,
            settings=shows.encoder, clock=shows.clock, lacks_sound=feed.lacks_sound,
        )  # fmt: skip
        feed.settle(opening, event, origin)
        FEEDS.inc()
        try:
            is_dense = dense or event.grid.parts_of_gop == 1
            joined = on_air.join(feed.source, segment=origin.segment, dense=is_dense)
            self._step(self._state)
            await run.encode(feed.arrivals, feed.gauge.watched(joined))
        finally:
            FEEDS.dec()
            on_air.leave(feed.source)

    async def _event(self, opening: Opening) -> LiveEvent:
        if self.broadcast is not None:
            return self.broadcast.event
        try:
            profile = await self.shows.profile_of(self.channel)
        except ApiError as exc:
            raise FeedRefused(
                f"The channel's profile {self.channel.profile!r} cannot be used. {exc.detail}", code="profile"
            ) from exc
        return plan_event(
            self.channel.id, self.channel.event, opening, profile, long_parts=self.channel.long_parts,
            preset=self.shows.encoder.preset,
        )  # fmt: skip

    def want_slate(self, name: str) -> None:
        """The channel has another picture for its slate, or none of its own ("")."""
        if name != self.channel.slate:
            self.channel = replace(self.channel, slate=name)
            if self.broadcast is not None:
                self.broadcast.slates.want(name)

    def heard(self, splice: Splice, at_ms: int) -> None:
        """A feed announces a splice at a moment (ms since the epoch)."""
        if self.shows.hear is not None:
            self.shows.hear(self.channel.id, self.channel.event, splice, at_ms)

    def restarted(self, feed: Feed, why: str) -> None:
        """Another encoder takes the place of one that died."""
        self.last_error = f"{feed.publisher.place.value.capitalize()}: {why}"
        RESTARTS.labels(self.channel.id, feed.publisher.place.value).inc()

    def left(self, feed: Feed) -> None:
        # An editor has to know which of the two encoders to look after.
        trouble = feed.trouble and f"{feed.publisher.place.value.capitalize()}: {feed.trouble}"
        self.last_error = trouble or self.last_error
        if self.feeds.get(feed.publisher.place) is feed:
            del self.feeds[feed.publisher.place]
            self._step(self._state, trouble=trouble)

    def tick(self) -> None:
        """Time goes by: what nobody publishes is slate."""
        if self.broadcast is not None:
            self.broadcast.on_air.tick({feed.source for feed in self.feeds.values() if feed.is_quiet})
            if self.on_air is not None and self._state is not self._written:
                self._step(self._state)

    @property
    def _state(self) -> ChannelState:
        return ChannelState.INTERRUPTED if self.on_air in (None, Source.SLATE) else ChannelState.LIVE

    async def finish(self) -> None:
        """End the event."""
        try:
            await self._stop_feeds("The event has ended.")
        except asyncio.CancelledError:  # the process is to end: the next one ends the event
            if self.broadcast is not None:
                await self.broadcast.aclose()
            raise
        if self.broadcast is not None:
            await self.broadcast.finish()

    async def aclose(self) -> None:
        """Let go of it: another process goes on."""
        await self._stop_feeds("The server is stopping.")
        if self.broadcast is not None:
            await self.broadcast.aclose()

    async def _stop_feeds(self, reason: str) -> None:
        """No feed is taken from now on, and what became of those there were is written down."""
        self._is_over = True
        try:
            for feed in list(self.feeds.values()):
                await feed.stop(reason)
            if self._steps:
                await asyncio.wait(self._steps, timeout=_LAST_WORDS_S)
        finally:  # it may be stopped as it waits
            await end(*self._steps)

    def _step(self, state: ChannelState, *, trouble: str = "") -> None:
        """Write it down, while the feeds go on."""
        self._written = state
        task = asyncio.create_task(self._write(state, trouble))
        self._steps.add(task)
        task.add_done_callback(self._steps.discard)

    async def _write(self, state: ChannelState, trouble: str) -> None:
        async with self._writing:
            with suppress(DatabaseUnavailable):
                await self.shows.channels.step(self.channel.id, self.channel.event, state, trouble=trouble)
