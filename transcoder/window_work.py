"""Encoding what the bucket lacks of a window, or of a run, and nobody else makes: from the claim to the bucket."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import anyio

from infra.errors import CacheUnavailable
from manifests import layout
from transcoder.audio import encode_audio
from transcoder.clip_segments import ClipSegments, OfParent
from transcoder.describe import multivariant
from transcoder.errors import KeysUnreadable
from transcoder.facts import find_plan
from transcoder.live.recording.excerpt import STREAM
from transcoder.live.recording.taking import LivePictures, take_sound
from transcoder.loudness.listen import with_gain
from transcoder.passes import Pass, costs, is_worth_leaving, passes
from transcoder.publish import Publisher, key_of
from transcoder.remaining import made_by, renditions_of
from transcoder.sources.spans import prepare
from transcoder.video import encode_video
from transcoder.windows import VIDEO, Window, codec_of, was_live

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence

    from infra.ports import ObjectStore
    from manifests.layout import RenditionId
    from transcoder.clip_segments import Above
    from transcoder.encryption.content_keys import Keys
    from transcoder.inputs import Reading
    from transcoder.live.recording.excerpt import Excerpt
    from transcoder.parts import TranscoderParts
    from transcoder.plan import Plan
    from transcoder.priority import Priority
    from transcoder.remaining import ObjectName
    from transcoder.schedule.claims import Claim
    from transcoder.sources.source import OpenSource

_LOOKS_AT_ONCE: Final = 8
_PAGE: Final = 1000
"""Keys in an answer to a listing."""
_WORTH_A_PAGE: Final = 12
"""Looks that stores charge a page of keys like, and more than that in time."""
_TAKEN_AT_ONCE: Final = 4
"""Segments of what was live, each of them one read and one write a rung: the boundary is encoded beside them."""


class Enough(Exception):
    """A pass ends before its last segment: what it would make next others make, or others need the processor."""


def start_of(plan: Plan, window: Window) -> RenditionId | None:
    """The rendition in which the first viewer will ask for the first segment, if this window makes that: the variant
    that is listed first."""
    if window.track != VIDEO or window.first != 0 or plan.video is None or was_live(plan):
        return None
    first = multivariant(plan, None, uri_of=str).variants[0]
    listed = (rung.id for rung in plan.video.rungs if layout.media_playlist(plan.asset, rung.id) == first.uri)
    return next((rendition for rendition in listed if rendition in renditions_of(plan, window)), None)


async def existing(store: ObjectStore, plan: Plan, names: Iterable[ObjectName]) -> frozenset[ObjectName]:
    """Those of these objects that the bucket holds."""
    found: set[ObjectName] = set()
    limiter = anyio.CapacityLimiter(_LOOKS_AT_ONCE)
    wanted: dict[RenditionId, set[ObjectName]] = {}
    for name in names:
        wanted.setdefault(name[0], set()).add(name)
    sizes = plan.renditions()

    async def look(name: ObjectName) -> None:
        async with limiter:
            if await store.head(key_of(plan.asset, *name)) is not None:
                found.add(name)

    async def look_through(rendition: RenditionId) -> None:
        async with limiter:
            keys = {stat.key async for stat in store.list(layout.media_prefix(plan.asset, rendition))}
        found.update(name for name in wanted[rendition] if key_of(plan.asset, *name) in keys)

    try:
        async with anyio.create_task_group() as looks:
            for rendition, some in wanted.items():
                if len(some) > _WORTH_A_PAGE * (1 + sizes.get(rendition, 0) // _PAGE):
                    looks.start_soon(look_through, rendition)
                    continue
                for name in some:
                    looks.start_soon(look, name)
    except ExceptionGroup as exc:
        raise exc.exceptions[0] from exc
    return frozenset(found)


class Work:
    """What one task makes of a track: `done` are the objects that need not be made (any more)."""

    def __init__(
        self, *, parts: TranscoderParts, plan: Plan, track: str, source: OpenSource, claim: Claim, priority: Priority,
        done: Collection[ObjectName], keys: Keys | None = None, excerpt: Excerpt | None = None,
    ) -> None:  # fmt: skip
        """`keys`: those of the plan. `excerpt`: it is read in the place of the source. Raises ValueError if the keys do
        not go with the plan."""
        self._parts, self._plan, self._track = parts, plan, track
        self._source, self._claim, self._priority = source, claim, priority
        self._excerpt = excerpt
        self._publish = Publisher(
            plan=plan, keys=keys, store=parts.store, cache=parts.cache, board=parts.board, nice=lambda: priority.nice
        )  # fmt: skip
        self._prices = costs(plan, track)
        self.done = set(done)
        self._handing_over = self._left = False
        claim.hurried = priority.hurry

    @property
    def is_idle(self) -> bool:
        """Nobody waits for what it is making, and nothing that it made is on its way to the bucket."""
        return not (self._claim.wanted or self._handing_over)

    def leave(self) -> None:
        """End what it is making, in the middle of a segment."""
        self._left = True
        self._priority.end()

    async def make_window(self, window: Window) -> None:
        """Until nothing is left of it but what others are making. Raises what the encoders and the store raise."""
        await self._take_over(window.numbers, renditions_of(self._plan, window), start_of(self._plan, window))
        if (begun := start_of(self._plan, window)) is not None:
            first = Pass(first=0, count=1, renditions=frozenset({begun}))
            if first.names <= self.done | self._claim.lost:
                self._priority.relax()  # a viewer has come for it, and whoever makes it for him needs the processor
            else:
                await self._encode(first, self._look_out)
        while made := passes(self._missing(window), self._prices):
            await self._encode(made[0], self._look_out)
        if inits := await self._lost_inits(window):
            await self._encode(Pass(first=window.first, count=1, renditions=inits), None)

    async def make_run(self, run: Pass, is_over: Callable[[], Awaitable[bool]]) -> None:
        """All of it, or until `is_over` says after a segment that others need the processor more."""

        async def look(left: Pass) -> bool:
            return bool(left.names & self._claim.lost) or await is_over()

        await self._take_over(range(run.first, run.end), tuple(run.renditions))
        left = sorted(number for _, number in run.names - self.done)
        if left:
            first = left[0]
            count = next((n for n, number in enumerate(left) if number != first + n), len(left))
            await self._encode(replace(run, first=first, count=count), look)

    async def _take_over(
        self, numbers: range, renditions: Sequence[RenditionId], begun: RenditionId | None = None
    ) -> None:
        """What there is of these segments already; `begun`: in this rendition first, for somebody waits for it."""
        track = next((track for track in self._plan.audio if track.id == self._track), None)
        above = None if track is not None else await self._above()

        async def sink(rendition: RenditionId, number: int | None, body: bytes) -> None:
            if (rendition, number) not in self.done and (rendition, number) not in self._claim.lost:
                await self._put(rendition, number, body)
            if number is not None:
                self._priority.made(waited_for=bool(self._claim.wanted))

        if track is not None:
            for number in numbers:
                if (track.id, number) not in self.done | self._claim.lost:
                    await take_sound(self._parts.store, self._plan, track, number, sink)
            return
        if above is None:
            return
        clip, left = ClipSegments(plan=self._plan, above=above), iter(numbers)

        async def make(number: int, some: Collection[RenditionId]) -> None:
            missing = {each for each in some if (each, number) not in self.done | self._claim.lost}
            await clip.make(number, missing, sink, track=self._track, encoding=self._encoding())

        async def make_left() -> None:
            for number in left:
                await make(number, renditions)

        if begun is not None:
            await make(numbers.start, [begun])
        try:
            async with anyio.create_task_group() as makers:
                for _ in range(_TAKEN_AT_ONCE if was_live(self._plan) else 1):
                    makers.start_soon(make_left)
        except ExceptionGroup as exc:
            raise exc.exceptions[0] from exc

    async def _above(self) -> Above | None:
        """What pictures are taken over from: of a clip its parent, of what was live that."""
        plan, store = self._plan, self._parts.store
        if plan.video is None:
            return None
        if plan.parent is not None:
            found = await find_plan(store, plan.parent.asset, plan.parent.version)
            try:
                keys = None if found is None else await self._parts.keys.of(found)
            except KeysUnreadable:  # being deleted, or wrapped by a key that is lost: a clip can do without
                found = keys = None
            if found is not None or plan.recorded is None:
                return OfParent(
                    store=store, video=plan.video, parent=plan.parent, parent_plan=found, parent_keys=keys
                )  # fmt: skip
        if plan.recorded is not None:
            return LivePictures(store=store, video=plan.video, recorded=plan.recorded)
        return None

    def _encoding(self) -> dict[str, Any]:
        return {
            "source": (self._excerpt or self._source).path, "settings": self._parts.encoder,
            "nice": self._priority.nice, "ready": self._ready, "started": self._priority.started,
        }  # fmt: skip

    async def _lost_inits(self, window: Window) -> frozenset[RenditionId]:
        """Renditions whose init section is not there though their segments are: none was made that brings it along."""
        # Whoever makes a segment makes the init section before it.
        others = {rendition for rendition, _ in self._claim.lost}
        names = {name for name in made_by(self._plan, window) if name[1] is None and name[0] not in others} - self.done
        return frozenset(name[0] for name in names - await existing(self._parts.store, self._plan, names))

    def _missing(self, window: Window) -> dict[int, frozenset[RenditionId]]:
        renditions = renditions_of(self._plan, window)
        return {
            number: frozenset(
                rendition for rendition in renditions
                if (rendition, number) not in self.done and (rendition, number) not in self._claim.lost
            )
            for number in window.numbers
        }  # fmt: skip

    async def _look_out(self, left: Pass) -> bool:
        lost = left.names & self._claim.lost
        return bool(lost) and is_worth_leaving(left, lost | (left.names & self.done), self._prices)

    async def _encode(self, made: Pass, leave: Callable[[Pass], Awaitable[bool]] | None) -> None:
        """One process. It is left between two segments when `leave` says so of what is left."""
        window = Window(track=self._track, first=made.first, count=made.count)
        unwanted = {name for name in made_by(self._plan, window) if name[0] not in made.renditions}
        skip = unwanted | {(rendition, None) for rendition in made.renditions if (rendition, None) in self.done}
        if leave is None:
            skip |= {name for name in made_by(self._plan, window) if name[1] is not None}
        reached = dict.fromkeys(made.renditions, made.first)

        async def sink(rendition: RenditionId, number: int | None, body: bytes) -> None:
            with suppress(CacheUnavailable):
                await self._claim.renew()  # somebody may have taken it over since the last second
            if (rendition, number) not in self.done and (rendition, number) not in self._claim.lost:
                await self._put(rendition, number, body)
            if number is None:
                return
            reached[rendition] = number + 1
            self._priority.made(waited_for=bool(self._claim.wanted))
            first = min(reached.values())
            left = Pass(first=first, count=made.end - first, renditions=made.renditions)
            if left.count and leave is not None and await leave(left):
                raise Enough

        encoding = {**self._encoding(), "sink": sink, "skip": skip}
        try:
            if codec_of(self._track) is not None:
                await encode_video(self._plan, window, **encoding)
            else:
                track = next(track for track in self._plan.audio if track.id == self._track)
                track = await with_gain(self._parts, self._plan, track, self._source, nice=self._priority.nice)
                if self._excerpt is not None:
                    track = replace(track, stream=STREAM)
                await encode_audio(self._plan, track, window, **encoding)
        except Enough:
            return
        except Exception:
            if not self._left:
                raise

    async def _ready(self, reading: Reading) -> None:
        if self._excerpt is not None:
            await self._excerpt.ready(reading)
        else:
            await prepare(self._source, self._plan, reading, nice=self._priority.nice)

    async def _put(self, rendition: RenditionId, number: int | None, body: bytes) -> None:
        self._handing_over = True
        try:
            await self._publish(rendition, number, body)
            self.done.add((rendition, number))
            if number is not None:
                await self._claim.landed((rendition, number))
        finally:
            self._handing_over = False
