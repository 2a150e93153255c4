"""The live segments that a clip is made of, wherever they are by now.

What the bucket has is named there. What is still growing, or on its way there, is copied as far as it has been
published: a clip does not wait for a segment to end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import anyio

from infra.ports import ObjectStore
from manifests import layout
from manifests.hls import date_time
from streaming.clips.errors import NothingToCut
from streaming.live.clips.errors import NoLongerThere
from transcoder.live.recording.model import Stretch
from transcoder.plan import AAC_FRAME

if TYPE_CHECKING:
    from manifests.layout import RenditionId
    from manifests.live.state import LiveRendition
    from streaming.live.clips.points import Shown
    from streaming.live.viewing.bodies import Bodies
    from transcoder.live.event import LiveEvent

_LOOKS_AT_ONCE: Final = 16
_BEFORE: Final = 2
"""Segments: more than the sound of a clip is decoded ahead of it (transcoder/audio_window.py)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """`copied`: what is published of segments that the bucket does not have, by their keys; `numbers` are those."""

    stretch: Stretch
    copied: Mapping[str, bytes]
    numbers: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wherever:
    """The objects of an event, those too that are copied: see `taking.Objects`."""

    store: ObjectStore
    copied: Mapping[str, bytes]

    async def read(self, key: str) -> bytes:
        body = self.copied.get(key)
        return await self.store.read(key) if body is None else body


async def take(
    event: LiveEvent, states: Mapping[RenditionId, LiveRendition], there: Shown, numbers: range, *,
    store: ObjectStore, bodies: Bodies,
) -> Taken:  # fmt: skip
    """Segments of an event, and as far as they are there those before them that their sound is decoded from: `states`
    and what they show. Raises NoLongerThere, NothingToCut; what the store and the cache raise."""
    top = max(event.rungs, key=lambda rung: (rung.width * rung.height, -rung.divisor)).id
    wanted = (top, event.sound.id)
    copied: dict[str, bytes] = {}
    sizes: dict[tuple[RenditionId, int], int] = {}
    lacking: set[int] = set()
    first = there.first // (event.grid.parts * event.grid.part)
    before = range(max(first, numbers.start - _BEFORE), numbers.start)
    limiter = anyio.CapacityLimiter(_LOOKS_AT_ONCE)

    async def copy(rendition: RenditionId, number: int) -> bytes | None:
        segment = states[rendition].segment(number)
        if segment is None or not segment.parts or segment.gap:
            return None
        body = await bodies.recent(event, rendition, segment)
        if body is not None:
            copied[layout.live_segment(event.channel, rendition, number)] = body
        return body

    async def look_at_all(rendition: RenditionId) -> None:
        """A page of keys tells more than many looks; what it does not name is looked for."""
        after = layout.live_segment(event.channel, rendition, before.start - 1)
        async for stat in store.list(layout.live_rendition(event.channel, rendition), after=after):
            named = layout.parse_live_segment(stat.key)
            if named is None or named.number >= numbers.stop:
                return
            sizes[rendition, named.number] = stat.size

    async def look(rendition: RenditionId, number: int) -> None:
        async with limiter:
            stat = await store.head(layout.live_segment(event.channel, rendition, number))
            if stat is not None:
                sizes[rendition, number] = stat.size
            if stat is not None or number in before:
                return
            body = await copy(rendition, number)
            if body is None:
                date = date_time.from_ms(number * event.grid.segment_ms)
                raise NoLongerThere(f"What was shown from {date_time.render(date)} on is not kept.")
            sizes[rendition, number] = len(body)
            lacking.add(number)

    try:
        async with anyio.create_task_group() as looks:
            for rendition in wanted:
                looks.start_soon(look_at_all, rendition)
        async with anyio.create_task_group() as looks:
            for rendition in wanted:
                for number in (*before, *numbers):
                    if (rendition, number) not in sizes:
                        looks.start_soon(look, rendition, number)
    except ExceptionGroup as exc:
        raise exc.exceptions[0] from exc
    for rendition in event.renditions:
        for number in lacking:
            if rendition not in wanted:
                await copy(rendition, number)
    begin = numbers.start
    while all((rendition, begin - 1) in sizes for rendition in wanted):
        begin -= 1
    numbers = range(begin, numbers.stop)
    length, units = event.grid.parts * event.grid.part, event.grid.parts * event.grid.audio_part
    heard = states[event.sound.id].segment(numbers[-1])
    stretch = Stretch(
        event=event, segments=numbers, frames=min(there.stop, numbers.stop * length) - numbers.start * length,
        units=(len(numbers) - 1) * units + (units if heard is None else heard.duration // AAC_FRAME), sizes=sizes,
        inits={rendition: _init(states[rendition], numbers) for rendition in event.renditions},
    )  # fmt: skip
    return Taken(stretch=stretch, copied=copied, numbers=frozenset(lacking))


def _init(state: LiveRendition, numbers: range) -> str:
    """The init section of these segments. Raises NothingToCut if there are several."""
    known = {segment.init for number in numbers if (segment := state.segment(number)) is not None}
    if len(known) > 1:
        raise NothingToCut("The channel's encoding changed in between: cut before that, or behind it.")
    return known.pop() if known else state.init
