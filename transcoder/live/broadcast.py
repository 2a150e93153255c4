"""An event on its way out: what the packager says, to Redis at once and to the bucket behind it.

One in a process for each channel that runs, from the first picture to the end of the event, however many publishers
come and go. What Redis holds of it is enough to go on after this process was killed.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Final

from infra.errors import CacheUnavailable, ObjectNotFound, ObjectStoreError
from infra.tasks import end
from manifests import layout, media_types
from transcoder.live import board, slate
from transcoder.live.diary import Diary, covered, says_over
from transcoder.live.event import dump, load
from transcoder.live.journal import Record
from transcoder.live.on_air import OnAir
from transcoder.live.packager import Packager
from transcoder.live.playlist import bucket_playlist
from transcoder.live.recovery import Recovery
from transcoder.live.slating import Slating
from transcoder.live.telling import Telling
from transcoder.live.upload_order import Order, Upload
from transcoder.live.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from infra.ports import Cache, ObjectStore
    from manifests.layout import ChannelId, RenditionId
    from manifests.live.state import LiveRendition, LiveSegment, Position
    from transcoder.live.event import LiveEvent
    from transcoder.live.fence import Fence
    from transcoder.live.journal import Journal
    from transcoder.live.slate import Slate
    from transcoder.live.slating import Make

log = logging.getLogger(__name__)

_LAST_S: Final = 4.0
_BRIEFLY_S: Final = 1.0
_FINISHING_S: Final = 1.0
_LAST_PARTS_S: Final = 1.0
"""What players have to load the last parts before they hear of the end. hls.js 1.7.4 waits for ever for those that it
hears of with the end, of a segment of which it has others."""
_SWEPT_MS: Final = 86_400_000
_FINISHING: Final = timedelta(seconds=15)


class Broadcast:
    """Made by `begin` or `resume`. `on_air` takes the parts of runs. `slate_of` makes the slate, of a picture or the
    built-in one; it may raise SandboxError, OutputBroken. `picture` names the channel's own."""

    def __init__(
        self, event: LiveEvent, *, cache: Cache, store: ObjectStore, clock: Callable[[], int], dvr: timedelta,
        slate_of: Make, picture: str = "", states: dict[RenditionId, LiveRendition] | None = None,
        fence: Fence | None = None, journal: Journal | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:  # fmt: skip
        self._pause = pause
        self.event, self._cache, self._store, self._clock, self._journal = event, cache, store, clock, journal
        window_s = int(dvr.total_seconds())
        self._telling = Telling(event, cache=cache, window_s=window_s, fence=fence, states=states, journal=journal)
        self._lost: dict[RenditionId, set[int]] = {rendition: set() for rendition in event.renditions}
        self._uploads = Uploads(store, fence=fence, lost=self._given_up)
        self._diary = Diary(event, states or {}, lost=self._lost)
        self.packager = Packager(event, told=self, clock=clock, window_s=window_s, states=states)
        self.on_air = OnAir(event, self.packager, clock=clock)
        self.slates = Slating(event, picture, make=slate_of, read=self._picture, made=self._slate)
        self._slating: asyncio.Task[None] | None = None
        self._recovering: asyncio.Task[None] | None = None

    @property
    def channel(self) -> ChannelId:
        return self.event.channel

    @property
    def uploads_waiting(self) -> int:
        """Objects that are not in the bucket yet."""
        return self._uploads.waiting

    @property
    def bucket_trouble(self) -> str:
        """Why the bucket takes nothing, in a sentence; "": it does."""
        return self._uploads.trouble

    @property
    def lost_s(self) -> float:
        """Seconds of the event that did not come into the bucket, and will not."""
        return len(set().union(*self._lost.values())) * self.event.grid.segment_ms / 1000

    def announce(self) -> None:
        """Say what the event is made of, before anything of it: in the bucket for ever, in Redis for the viewers."""
        self._fact(dump(self.event))
        self._slating = asyncio.create_task(self.slates.run())

    def _fact(self, body: bytes, *, known: bool = False) -> None:
        key = layout.live_event(self.channel, self.event.number)
        self._uploads.put(Upload(key=key, body=body, media_type="application/json", order=Order.FACT))
        self._telling.fact(board.event_key(self.channel), body, wakes=True, known=known)

    async def take_over(self) -> None:
        """Go on where the packager before this one was killed: in the segment that was growing, and with what it had no
        time to bring into the bucket, of an event that is over too. Raises CacheUnavailable, ObjectStoreError."""
        states = self.packager.states.values()
        is_over = bool(states) and all(state.ended for state in states)
        if is_over and await self._is_kept():
            return
        await self._keep_facts()
        if not is_over:
            await self._keep_slate()
            self._slating = asyncio.create_task(self.slates.run())
        on_their_way: set[tuple[RenditionId, int]] = set()
        for rendition, state in self.packager.states.items():
            for segment in state.segments[-board.RECENT :]:
                parts = await self._kept_parts(rendition, segment)
                # With less than all of it the one that may be in the bucket is the better one.
                if None not in parts and not segment.gap:
                    self._keep(rendition, segment.number, b"".join(filter(None, parts)))
                    on_their_way.add((rendition, segment.number))
            if (growing := state.growing) is not None:
                parts = await self._kept_parts(rendition, growing)
                self.packager.go_on(
                    rendition, [part or self._still(rendition, growing, index) for index, part in enumerate(parts)]
                )
            if is_over:
                self._list(rendition, state)
        self._recovering = asyncio.create_task(self._recover(on_their_way), name=f"recovery of {self.channel}")

    def recall(self) -> None:
        """Tell viewers of what was shown, which Redis has lost."""
        self._fact(dump(self.event), known=True)
        self._telling.tell_again()

    async def _recover(self, on_their_way: set[tuple[RenditionId, int]]) -> None:
        left = dict(self.packager.states)
        recovery = Recovery(
            self.event, cache=self._cache, store=self._store, keep=self._keep,
            lose=lambda rendition, number: self._lost[rendition].add(number),
            write=lambda page: self._write(self._diary.page(page, self.packager.states)), journal=self._journal,
        )  # fmt: skip
        await recovery.run(left, on_their_way, now_ms=self._clock())
        if any(self._lost.values()):
            for rendition, state in self.packager.states.items():
                self._list(rendition, state)

    def _still(self, rendition: RenditionId, segment: LiveSegment, index: int) -> bytes:
        """What stands for a part that nobody has any more: its time is kept."""
        still = self.on_air.slate
        return b"" if still is None else still.part(self.event, rendition, (segment.number, index)).body

    async def _keep_facts(self) -> None:
        """What is told once was told by the process before: it is known here too, and in the bucket for certain."""
        self._fact(dump(self.event), known=True)
        for rendition, state in self.packager.states.items():
            for name in {state.init, *(segment.init for segment in state.segments[-board.RECENT :])}:
                key = board.init_key(self.channel, rendition, name)
                if (body := await self._kept(key)) is not None:
                    self._telling.fact(key, body, known=True)
                    self._keep_init(rendition, name, body)

    async def _is_kept(self) -> bool:
        """Whether nothing is left to do for an event that is over; one that was long ago may be swept."""
        ended_ms = max(state.changed_ms for state in self.packager.states.values())
        return self._clock() - ended_ms > _SWEPT_MS or await says_over(self._store, self.event)

    async def _keep_slate(self) -> None:
        kept = await self._kept(board.slate_key(self.channel))
        found = None if kept is None else slate.load(kept)
        if found is not None and set(found.inits) == set(self.event.renditions):
            self.on_air.slate = found
            self.slates.known(found.picture)
            self._telling.fact(board.slate_key(self.channel), slate.dump(found), known=True)

    async def _kept(self, key: str) -> bytes | None:
        found = await self._cache.get(key)
        if found is None and self._journal is not None:
            found = await asyncio.to_thread(self._journal.read_fact, key)
        return found

    async def _kept_parts(self, rendition: RenditionId, segment: LiveSegment) -> list[bytes | None]:
        """Of a segment whose parts may be asked for yet; those that the journal has are told again if all is."""
        whole = None if self._journal is None else await asyncio.to_thread(self._journal.body, rendition, segment)
        if whole is None or len(segment.parts) < segment.count:
            keys = [board.part_key(self.channel, rendition, segment.number, at) for at in range(segment.count)]
            return [await self._cache.get(key) for key in keys]
        ends = [*accumulate(part.size for part in segment.parts)]
        found = [whole[start:end] for start, end in pairwise((0, *ends))]
        for index, body in enumerate(found):
            self._telling.keep(rendition, (segment.number, index), body)
        return [*found]

    async def aclose(self) -> None:
        """Stop: what is not told within moments stays untold, and the next one tells it."""
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LAST_S):
                    await self._telling.drained()
                    await self._uploads.drained()
        finally:
            await end(*(task for task in (self._slating, self._recovering) if task is not None))
            await self._telling.aclose()
            await self._uploads.aclose()
            if self._journal is not None:
                self._journal.close()

    async def finish(self) -> None:
        """End the event, and wait until all of it is told and kept."""
        try:
            if not all(state.ended for state in self.packager.states.values()):
                self.on_air.close()
                await self._pause(_LAST_PARTS_S)
                self.on_air.end()
            if self._recovering is not None:
                await self._recovering
            await self._telling.drained()
            await self._all_kept()
            if self._journal is not None:
                self._journal.clear()
            with suppress(CacheUnavailable):
                await self._cache.publish(board.OVER, board.over(self.channel, self.event.number))
        finally:  # it may be stopped as it waits
            await self.aclose()

    async def _all_kept(self) -> None:
        """Wait for the bucket. Whoever records is told to wait too, as long as what is missing is here."""
        key = board.finishing_key(self.channel, self.event.number)
        keeping = asyncio.create_task(self._uploads.drained())
        try:
            while not (await asyncio.wait([keeping], timeout=_FINISHING_S))[0]:
                with suppress(CacheUnavailable):
                    await self._cache.put(key, b"1", ttl=_FINISHING)
        finally:
            await end(keeping)

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

    def segment(self, rendition: RenditionId, number: int, body: bytes, *, is_past: bool = False) -> None:
        self._keep(rendition, number, body)
        if is_past and self._journal is not None:
            self._journal.add(rendition, number, Record(tail=b"", body=body))
        if not is_past:
            self._list(rendition, self.packager.states[rendition])

    def _slate(self, made: Slate) -> None:
        """The slate, for this process and for the one after it."""
        self.on_air.slate = made
        self._telling.fact(board.slate_key(self.channel), slate.dump(made))

    async def _picture(self, name: str) -> bytes:
        return await self._store.read(layout.slate(self.channel, name))

    def _keep(self, rendition: RenditionId, number: int, body: bytes) -> None:
        if body:
            key = layout.live_segment(self.channel, rendition, number)
            self._uploads.put(Upload(key=key, body=body, media_type=media_types.SEGMENT))

    def _given_up(self, upload: Upload) -> None:
        segment = layout.parse_live_segment(upload.key)
        if segment is not None:
            self._lost[segment.rendition].add(segment.number)

    def _list(self, rendition: RenditionId, state: LiveRendition) -> None:
        if state.segments:
            key = layout.live_playlist(self.channel, rendition)
            write = partial(bucket_playlist, state, lost=self._lost[rendition])
            self._uploads.put(Upload(key=key, write=write, media_type=media_types.M3U8, order=Order.LISTING))
        for page in self._diary.pages(self.packager.states):
            self._write(page)

    def _write(self, page: Upload) -> None:
        self._uploads.put(page if self._journal is None else replace(page, done=self._noted(page.key)))

    def _noted(self, page: str) -> Callable[[], object]:
        """A page is in the bucket, and so is all that it names: the journal need not have it."""
        assert self._journal is not None  # noqa: S101 - the caller has looked
        numbers = covered(layout.live_page_of(page), self.event, self.packager.states)
        return partial(self._journal.forget, numbers)


async def find_event(
    cache: Cache, store: ObjectStore, channel: ChannelId, number: int, *, is_begun: bool, journal: Journal | None = None
) -> LiveEvent | None:
    """What event number `number` of a channel is made of, if that was settled before.

    For one that has not begun, a bucket that does not answer is not waited for; else raises ObjectStoreError.
    """
    try:
        kept = await cache.get(board.event_key(channel))
    except CacheUnavailable:
        kept = None
    if kept is None and journal is not None:
        kept = await asyncio.to_thread(journal.read_fact, board.event_key(channel))
    if kept is not None and (event := load(kept)).number == number:
        return event
    try:
        async with asyncio.timeout(None if is_begun else _BRIEFLY_S):
            return load(await store.read(layout.live_event(channel, number)))
    except ObjectNotFound:
        return None
    except (ObjectStoreError, TimeoutError):
        if is_begun:
            raise
        return None
