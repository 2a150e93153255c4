"""What was shown, in the bucket: every whole segment of every rendition, a page for some of them.

Redis is what a live process goes on from; where that is lost, this is. A page is written again with each segment,
behind all that it names, until it is full; after that it never changes.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import msgspec

from manifests import layout
from manifests.layout import RenditionId
from manifests.live import change
from manifests.live.state import LiveRendition, LiveSegment
from transcoder.live.upload_order import Order, Upload

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Set

    from infra.ports import ObjectStore
    from transcoder.live.event import LiveEvent

PAGE: Final = 32
"""Segments of a page."""
_AT_ONCE: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`states`: as they were when it was last written, without segments, and the first number that was listed then.
    `segments`: those of this page, without parts."""

    states: dict[RenditionId, tuple[int, LiveRendition]]
    segments: dict[RenditionId, tuple[LiveSegment, ...]]


class Diary:
    """Says what is to be written. Begins behind what `states` have. `lost`: segments that never came into the bucket,
    as they are known when a page is written."""

    def __init__(
        self, event: LiveEvent, states: Mapping[RenditionId, LiveRendition], *, lost: Mapping[RenditionId, Set[int]]
    ) -> None:
        self._event, self._lost = event, lost
        self._noted = (_whole(event, states), False)

    def pages(self, states: Mapping[RenditionId, LiveRendition]) -> Iterator[Upload]:
        """The pages that have changed, oldest first: once a segment is whole in all renditions, and at the end."""
        whole, ended = _whole(self._event, states), all(state.ended for state in states.values())
        before, _ = self._noted
        if whole is None or self._noted == (whole, ended):
            return
        self._noted = (whole, ended)
        oldest = max(state.media_sequence for state in states.values())
        first = whole if before is None else min(before + 1, whole)
        for page in range(max(first, oldest) // PAGE, whole // PAGE + 1):
            yield self.page(page, states)

    def page(self, number: int, states: Mapping[RenditionId, LiveRendition]) -> Upload:
        listed = range(number * PAGE, (number + 1) * PAGE)
        # Of a state no more is kept than the page has: while the bucket takes nothing, pages wait for hours.
        bare = {name: replace(state, segments=(), growing=None) for name, state in states.items()}
        first = {name: state.media_sequence for name, state in states.items()}
        mine = {
            name: tuple(replace(each, parts=()) for each in map(state.segment, listed) if each and each.ended_ms)
            for name, state in states.items()
        }

        def write() -> bytes:
            here = {
                name: change.lose(replace(bare[name], segments=mine[name]), self._lost.get(name, ())).segments
                for name in bare
            }
            return msgspec.json.encode(
                Page(states={name: (first[name], bare[name]) for name in bare}, segments=here)
            )  # fmt: skip

        return Upload(
            key=layout.live_page(self._event.channel, self._event.number, number), write=write,
            media_type="application/json", order=Order.LISTING, names=layout.live_prefix(self._event.channel),
        )  # fmt: skip


def covered(page: int, event: LiveEvent, states: Mapping[RenditionId, LiveRendition]) -> range:
    """Segments that a page has of these states."""
    whole = _whole(event, states)
    return range(page * PAGE, min((page + 1) * PAGE, -1 if whole is None else whole + 1))


def _whole(event: LiveEvent, states: Mapping[RenditionId, LiveRendition]) -> int | None:
    """The last segment that all renditions have."""
    last = [states[name].last_whole if name in states else None for name in event.renditions]
    return None if None in last else min(each for each in last if each is not None)


async def read_diary(
    store: ObjectStore, event: LiveEvent, *, now_ms: int, grown: bool = False
) -> dict[RenditionId, LiveRendition]:  # fmt: skip
    """The states as the diary has them; {} if there is none. Raises ObjectStoreError.

    The segment that grew when Redis was lost has been listed in parts: it is a gap, unless somebody has what had
    `grown`.
    """
    prefix = layout.live_pages(event.channel, event.number)
    numbers = sorted([layout.live_page_of(stat.key) async for stat in store.list(prefix)])
    if not numbers:
        return {}
    last = await _read(store, event, numbers[-1])
    oldest = min(listed for listed, _ in last.states.values()) // PAGE
    limit = asyncio.Semaphore(_AT_ONCE)

    async def read(number: int) -> Page:
        async with limit:
            return await _read(store, event, number)

    pages = [*await asyncio.gather(*(read(number) for number in numbers[:-1] if number >= oldest)), last]
    states = {name: _state(name, listed, state, pages) for name, (listed, state) in last.states.items()}
    return states if grown else {name: _with_gap(state, now_ms) for name, state in states.items()}


async def says_over(store: ObjectStore, event: LiveEvent) -> bool:
    """Whether the end of an event is noted: then all of it is in the bucket, for a page is written behind all that it
    names. Raises ObjectStoreError."""
    prefix = layout.live_pages(event.channel, event.number)
    numbers = [layout.live_page_of(stat.key) async for stat in store.list(prefix)]
    if not numbers:
        return False
    last = await _read(store, event, max(numbers))
    return all(name in last.states and last.states[name][1].ended for name in event.renditions)


async def shown_segments(store: ObjectStore, event: LiveEvent) -> range:
    """Numbers from the first to the last segment of an event; none without a diary. Raises ObjectStoreError."""
    prefix = layout.live_pages(event.channel, event.number)
    numbers = sorted([layout.live_page_of(stat.key) async for stat in store.list(prefix)])
    if not numbers:
        return range(0)
    first, last = await _read(store, event, numbers[0]), await _read(store, event, numbers[-1])
    begins = [segments[0].number for segments in first.segments.values() if segments]
    ends = [segments[-1].number for segments in last.segments.values() if segments]
    return range(min(begins), max(ends) + 1) if begins and ends else range(0)


def _state(name: RenditionId, listed: int, state: LiveRendition, pages: list[Page]) -> LiveRendition:
    segments = [each for page in pages for each in page.segments.get(name, ()) if each.number >= listed]
    found = replace(state, segments=tuple(segments), number=segments[-1].number + 1 if segments else state.number)
    return change.lose(found, ())  # what a gap on one page interrupts may stand on the next


def _with_gap(state: LiveRendition, now_ms: int) -> LiveRendition:
    return state if state.ended or not state.segments else change.add_gap(state, now_ms=now_ms)


async def _read(store: ObjectStore, event: LiveEvent, number: int) -> Page:
    return msgspec.json.decode(await store.read(layout.live_page(event.channel, event.number, number)), type=Page)
