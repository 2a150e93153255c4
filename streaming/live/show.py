"""One channel that runs in this process: its event on its way out, and the publisher that is on air.

Publishers come and go, one at a time; who comes with the key of the one that is there takes his place, for an encoder
that lost its connection knows so before we do.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from infra.errors import DatabaseUnavailable
from infra.tasks import end
from streaming.live.channels.model import ChannelState
from streaming.live.health.gauge import Gauge
from streaming.live.ingest.errors import FeedClosed, NotTaken
from streaming.live.timeline.scte35.tap import SpliceTap
from transcoder.live.argv import origin_of
from transcoder.live.arrivals import Arrivals
from transcoder.live.errors import FeedError
from transcoder.live.event import plan_event
from transcoder.live.metrics import FEEDS, RUNS
from transcoder.live.opening import read_opening
from transcoder.live.run import Run

if TYPE_CHECKING:
    from streaming.live.channels.model import Channel
    from streaming.live.ingest.publisher import Publisher
    from streaming.live.shows import Shows
    from streaming.live.timeline.scte35.splice import Splice
    from transcoder.live.broadcast import Broadcast
    from transcoder.live.event import LiveEvent
    from transcoder.live.opening import Opening

log: Final = logging.getLogger("channel.live")

_LAST_WORDS_S: Final = 5.0
"""What an encoder has to hand over the pictures that it holds when its publisher is gone."""


class Feed:
    """One publisher on air: a `Sink`, and the task that makes parts of what is written to it."""

    def __init__(self, show: Show, publisher: Publisher) -> None:
        self.publisher = publisher
        self._show = show
        self.arrivals = Arrivals(show.shows.clock)
        self.gauge = Gauge(publisher, self.arrivals, show.shows.clock)
        self._splices = SpliceTap(publisher, show.heard, show.shows.clock)
        self.event: LiveEvent | None = None
        self.trouble = ""
        self._task = asyncio.create_task(self._run(), name=f"feed of {show.channel.id}")

    async def write(self, body: bytes) -> None:
        if self._task.done():
            raise FeedClosed(self.trouble)
        self.gauge.take(body)
        self._splices.take(body)
        await self.arrivals.put(body)

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
            opening = await read_opening(self.arrivals, demuxer=self.publisher.container.value)
            self._splices.settle(opening)
            await self._show.take(self, opening)
        except FeedError as exc:
            self.trouble, outcome = str(exc), exc.code
            log.warning("a feed was lost", extra={"channel": self._show.channel.id, "why": str(exc)})
        except asyncio.CancelledError:
            outcome = "stopped"
            raise
        except Exception:
            self.trouble, outcome = "A fault of the server; its log has the rest.", "fault"
            log.exception("the feed of %s failed", self._show.channel.id)
        finally:
            self.arrivals.end()
            RUNS.labels(outcome).inc()
            self._show.left(self)


class Show:
    """`channel` as it was when its event began, `broadcast` None until the first publisher."""

    def __init__(self, shows: Shows, channel: Channel, broadcast: Broadcast | None) -> None:
        self.shows, self.channel, self.broadcast = shows, channel, broadcast
        self.feed: Feed | None = None
        self.last_error = ""
        """Why the last publisher was turned away or lost, if that was not his own wish."""
        self._steps: set[asyncio.Task[None]] = set()
        self._writing = asyncio.Lock()

    async def open(self, publisher: Publisher) -> Feed:
        """Raises NotTaken."""
        if self.feed is not None and self.feed.publisher.place is not publisher.place:
            raise NotTaken(f"The {self.feed.publisher.place} publisher is on air.")
        if self.feed is not None:
            await self.feed.stop("Another publisher came with the same key.")
        self.feed = Feed(self, publisher)
        return self.feed

    async def take(self, feed: Feed, opening: Opening) -> None:
        """Make parts of a feed until it ends. Raises FeedError."""
        shows = self.shows
        if self.broadcast is not None:
            event = self.broadcast.event
        else:
            profile = await shows.profile_of(self.channel)
            event = plan_event(
                self.channel.id, self.channel.event, opening, profile, long_parts=self.channel.long_parts,
                preset=shows.encoder.preset,
            )  # fmt: skip
        shows.check_room(event, of=self)
        feed.event = event
        if self.broadcast is None:
            self.broadcast = shows.begin(event, self.channel)
        packager = self.broadcast.packager
        origin = origin_of(event, opening.anchor)
        run = Run(
            event=event, opening=opening, origin=origin, first=packager.begin(origin),
            demuxer=feed.publisher.container.value, settings=shows.encoder, clock=shows.clock,
        )  # fmt: skip
        feed.gauge.settle(opening, event, origin)
        self._step(ChannelState.LIVE)
        FEEDS.inc()
        try:
            await run.encode(feed.arrivals, feed.gauge.watched(packager))
        finally:
            FEEDS.dec()
            packager.end_run()

    def heard(self, splice: Splice, at_ms: int) -> None:
        """A feed announces a splice at a moment (ms since the epoch)."""
        if self.shows.hear is not None:
            self.shows.hear(self.channel.id, self.channel.event, splice, at_ms)

    def left(self, feed: Feed) -> None:
        self.last_error = feed.trouble or self.last_error
        if self.feed is feed:
            self.feed = None
            self._step(ChannelState.INTERRUPTED, trouble=feed.trouble)

    def fill(self) -> None:
        """Time passes without a publisher: what is missing becomes a gap."""
        if self.broadcast is not None and (self.feed is None or self.feed.event is None):
            self.broadcast.packager.fill()

    async def finish(self) -> None:
        """End the event."""
        if self.feed is not None:
            await self.feed.stop("The event has ended.")
        await end(*self._steps)
        if self.broadcast is not None:
            await self.broadcast.finish()

    async def aclose(self) -> None:
        """Let go of it: another process goes on."""
        if self.feed is not None:
            await self.feed.stop("The server is stopping.")
        if self.broadcast is not None:
            await self.broadcast.aclose()

    def _step(self, state: ChannelState, *, trouble: str = "") -> None:
        """Write it down, while the feed goes on."""
        task = asyncio.create_task(self._write(state, trouble))
        self._steps.add(task)
        task.add_done_callback(self._steps.discard)

    async def _write(self, state: ChannelState, trouble: str) -> None:
        async with self._writing:
            with suppress(DatabaseUnavailable):
                await self.shows.channels.step(self.channel.id, self.channel.event, state, trouble=trouble)
