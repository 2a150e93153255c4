"""What an API process knows of a channel: the state of every rendition, as the packager told it last, and the timeline.

One task a channel listens to its wake-ups; whoever waits for a part is woken by it. What was missed is read again.

Processes hear of a part a moment apart, and one that is cut off from Redis hears of nothing, and does not know. A
player goes from one to the other. So before something is said that a process which knows more would say otherwise,
Redis is asked (`confirm`): it has everything before anybody is told of it.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec

from infra.errors import CacheSilent, CacheUnavailable
from infra.tasks import end
from manifests.layout import ChannelId, RenditionId
from streaming.live.timeline.board import WAKE_UP, TimelineBoard
from streaming.live.timeline.board import load as load_tags
from streaming.live.timeline.marks import Marks
from streaming.live.viewing.errors import EventUnknown
from transcoder.live import board
from transcoder.live.event import load
from transcoder.live.resume import ahead, read_state, read_states

if TYPE_CHECKING:
    from infra.ports import Cache
    from manifests.live.state import LiveRendition
    from streaming.live.viewing.archive import Archive, Ended
    from transcoder.live.event import LiveEvent

log: Final = logging.getLogger("channel.live")

_AGAIN_S: Final = 0.5
_UNUSED_S: Final = 60.0
_PATIENCE_S: Final = 5.0
_ASKED_S: Final = 2.0
"""A Redis that is gone says so sooner, after four tries; who hears nothing for so long may be cut off alone."""

_ASK: Final = """
local found = redis.call('MGET', unpack(KEYS))
for at = 1, #found do
  if found[at] and redis.sha1hex(found[at]) == ARGV[at] then found[at] = '' end
end
return found
"""
"""What keys have, "" for what we know. ARGV: the SHA-1 of what we know, one for each key."""


class Follower:
    """`event` None: there is nothing to see (yet)."""

    def __init__(self, channel: ChannelId, cache: Cache) -> None:
        self.channel, self._cache = channel, cache
        self.event: LiveEvent | None = None
        self.states: dict[RenditionId, LiveRendition] = {}
        self.marks = Marks()
        self._board = TimelineBoard(cache)
        self._loaded, self._waiting = asyncio.Event(), dict[RenditionId, asyncio.Event]()
        self.asked = asyncio.get_running_loop().time()
        self._digests: dict[str, str] = {}
        self._asking: asyncio.Task[bool] | None = None
        self._questions = set[asyncio.Task[bool]]()
        self.task = asyncio.create_task(self._follow(), name=f"follower of {channel}")

    @property
    def is_ready(self) -> bool:
        return self._loaded.is_set()

    async def ready(self) -> None:
        """Wait until something is known, be it that there is nothing."""
        await self._loaded.wait()

    async def changed(self, rendition: RenditionId, *, within_s: float) -> bool:
        """Wait for the next change of a rendition, so long at the most; False: there was none."""
        waiting = self._waiting.setdefault(rendition, asyncio.Event())
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                return await waiting.wait()
        return False

    async def _follow(self) -> None:
        while True:
            try:
                async with self._cache.subscribe(board.wake_up(self.channel)) as messages:
                    await self._load()
                    async for _, message in messages:
                        if message:
                            await self._take(message)
                        else:
                            await self._load()
            except CacheUnavailable as exc:
                log.warning("a channel stands still", extra={"channel": self.channel, "cause": str(exc)})
            except msgspec.DecodeError:
                log.exception("the state of %s cannot be read", self.channel)
            await asyncio.sleep(_AGAIN_S)

    async def confirm(self) -> None:
        """Know all that Redis knew when this was called. One question answers all who wait, if it was asked after they
        came. Raises EventUnknown if there is no answer: others may know more.

        A Redis that is gone, and says so by refusing, has told nobody more than us.
        """
        before, asking = self._asking, None
        try:
            async with asyncio.timeout(_ASKED_S):
                if before is not None:
                    await asyncio.wait([before])
                if self._asking is None or self._asking is before:
                    self._asking = asyncio.create_task(self._ask(), name=f"question for {self.channel}")
                    self._questions.add(self._asking)
                    self._asking.add_done_callback(self._questions.discard)
                asking = self._asking
                is_behind = not await asyncio.shield(asking)
        except TimeoutError:
            is_behind = True
            if self._asking in (before, asking):  # the next question goes another way
                self._asking = None
        if is_behind:
            raise EventUnknown("Redis does not answer this process: ask again.")

    async def aclose(self) -> None:
        await end(self.task, *self._questions)

    def restore(self, ended: Ended) -> None:
        """What the bucket has of an event that is over, if nothing else is known."""
        if self.event is None:
            self.event, self.states = ended.event, dict(ended.states)
            self.marks.take(ended.event.number, ended.tags)

    async def _ask(self) -> bool:
        """False: nobody answers."""
        keys = [board.event_key(self.channel)]
        if self.event is not None:
            keys += [board.tail_key(self.channel, rendition) for rendition in self.event.renditions]
        event = self.event
        try:
            found = await self._cache.script(_ASK, keys, [self._digests.get(key, "") for key in keys])
            if found[0]:  # an event that is not known here
                await self._load()
            elif event is not None and event is self.event:
                for rendition, tail in zip(event.renditions, found[1:], strict=True):
                    if tail:
                        await self._take_tail(event, rendition, tail)
        except CacheSilent:
            return False
        except CacheUnavailable:
            return True
        return True

    async def _load(self) -> None:
        kept = await self._cache.get(board.event_key(self.channel))
        if kept is not None:
            event = load(kept)
            read = await read_states(self._cache, event)
            # Read behind the states: what was added in between is left out until they have come so far.
            marks = await self._board.read(self.channel, event.number)
            known = self.states if event == self.event else {}
            # What viewers were told is never taken back: Redis may have lost what was not synced when it died.
            self.states = {**read, **{name: ahead(known[name], read.get(name)) for name in known}}
            self.event = event
            self._digests[board.event_key(self.channel)] = _digest(kept)
            self.marks.take(event.number, marks)
        # A Redis that knows nothing was emptied: what is known here counts until it is told again.
        self._loaded.set()
        self._tell_all()

    async def _take(self, message: bytes) -> None:
        if message == board.GONE:
            self.event, self.states = None, {}
            self._digests.clear()
            self._tell_all()
            return
        if message.startswith(WAKE_UP):
            number, tags = load_tags(message)
            if self.event is not None and self.event.number == number:  # the next one has marks before it begins
                self.marks.take(number, tags)
            return
        name, _, body = message.partition(b"\n")
        rendition = RenditionId(name.decode())
        if self.event is None or rendition not in self.event.renditions:
            await self._load()
        else:
            await self._take_tail(self.event, rendition, body)

    async def _take_tail(self, event: LiveEvent, rendition: RenditionId, tail: bytes) -> None:
        before = self.states.get(rendition)
        state = board.joined(() if before is None else before.segments, board.load_tail(tail))
        if state is None:
            state = await read_state(self._cache, event, rendition)
            before = self.states.get(rendition)
        self._digests[board.tail_key(self.channel, rendition)] = _digest(tail)
        if state is not None and (before is None or ahead(before, state) is state):
            self.states[rendition] = state
            self._tell(rendition)

    def _tell_all(self) -> None:
        for rendition in list(self._waiting):
            self._tell(rendition)

    def _tell(self, rendition: RenditionId) -> None:
        waiting = self._waiting.pop(rendition, None)
        if waiting is not None:
            waiting.set()


def _digest(body: bytes) -> str:
    return hashlib.sha1(body, usedforsecurity=False).hexdigest()


class Followers:
    """Of all channels that somebody watches through this process. `archive`: events that Redis knows no more."""

    def __init__(self, cache: Cache, archive: Archive | None = None) -> None:
        self._cache, self._archive = cache, archive
        self._followers: dict[ChannelId, Follower] = {}

    async def of(self, channel: ChannelId) -> Follower:
        """The follower of a channel, once it knows something. Raises CacheUnavailable; what `archive` raises."""
        now = asyncio.get_running_loop().time()
        follower = self._followers.get(channel)
        if follower is None:
            follower = self._followers[channel] = Follower(channel, self._cache)
        follower.asked = now
        await self._ready(follower)
        if follower.event is None and self._archive is not None:
            ended = await self._archive.last_event(channel)
            if ended is not None:
                follower.restore(ended)
        return follower

    async def _ready(self, follower: Follower) -> None:
        if follower.is_ready:
            return
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await follower.ready()
        except TimeoutError as exc:
            raise CacheUnavailable("nothing is known of a channel yet") from exc

    async def run(self) -> None:
        """Let go of what nobody watches any more, until it is cancelled."""
        try:
            while True:
                await asyncio.sleep(_UNUSED_S / 4)
                now = asyncio.get_running_loop().time()
                for channel, follower in list(self._followers.items()):
                    if now - follower.asked > _UNUSED_S:
                        del self._followers[channel]
                        await follower.aclose()
        finally:
            await asyncio.gather(*(follower.aclose() for follower in self._followers.values()))
            self._followers.clear()
