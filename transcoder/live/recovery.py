"""What a live process that was killed had not brought into the bucket: its queue was in its memory.

The journal of this machine has them; Redis has parts for a while, so the last segments can be put together again. What
is older is lost, if the bucket does not have it; then whatever is written of the event has to say so.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from infra.errors import ObjectStoreError
from manifests import layout
from transcoder.live import board
from transcoder.live.diary import PAGE
from transcoder.live.resume import read_part

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Set

    from infra.ports import Cache, ObjectStore
    from manifests.layout import RenditionId
    from manifests.live.state import LiveRendition, LiveSegment
    from transcoder.live.event import LiveEvent
    from transcoder.live.journal import Journal

log: Final = logging.getLogger("channel.live")

_AGAIN_S: Final = 2.0

Place = tuple["RenditionId", int]


class Recovery:
    """`keep` brings a segment into the bucket, `lose` notes one that nobody has, `write` has a page of the diary
    written."""

    def __init__(
        self, event: LiveEvent, *, cache: Cache, store: ObjectStore, keep: Callable[[RenditionId, int, bytes], None],
        lose: Callable[[RenditionId, int], None], write: Callable[[int], None], journal: Journal | None = None,
    ) -> None:  # fmt: skip
        self._event, self._cache, self._store = event, cache, store
        self._keep, self._lose, self._write, self._journal = keep, lose, write, journal

    async def run(self, states: Mapping[RenditionId, LiveRendition], kept: Set[Place], *, now_ms: int) -> None:
        """`states`: as they were left. `kept`: segments that are on their way already. Does not wait for the bucket
        before it reads what Redis forgets soon."""
        older = {
            (rendition, segment.number): segment
            for rendition, state in states.items()
            for segment in state.segments
            if not segment.gap and (rendition, segment.number) not in kept
        }
        since = now_ms - 1000 * board.BODY_S
        pages = {number // PAGE for _, number in older}
        again = {number // PAGE for _, number in kept}
        try:
            there = await self._there(states)
        except ObjectStoreError:
            there = None
        for (rendition, number), segment in list(older.items()):
            if there is not None and (rendition, number) in there:
                del older[rendition, number]
            elif body := await self._body(rendition, segment, since=since):
                self._keep(rendition, number, body)  # written once: it does no harm if it is there
                again.add(number // PAGE)
                del older[rendition, number]
        while there is None:
            await asyncio.sleep(_AGAIN_S)
            try:
                there = await self._there(states)
            except ObjectStoreError:
                continue
        await self._note(set(older) - there, pages, again)

    async def _note(self, lost: set[Place], pages: set[int], again: set[int]) -> None:
        """`again`: pages that may have been written before a segment of theirs was whole; of the others of `pages` it
        is enough that they are there."""
        for rendition, number in lost:
            self._lose(rendition, number)
        if lost:
            log.error("segments were lost with the live process", extra={"segments": len(lost)})
        prefix = layout.live_pages(self._event.channel, self._event.number)
        while True:
            try:
                written = {layout.live_page_of(stat.key) async for stat in self._store.list(prefix)}
                break
            except ObjectStoreError:
                await asyncio.sleep(_AGAIN_S)
        for page in sorted((pages - written) | again | {number // PAGE for _, number in lost}):
            self._write(page)

    async def _there(self, states: Mapping[RenditionId, LiveRendition]) -> set[Place]:
        found: set[Place] = set()
        for rendition, state in states.items():
            first = layout.live_segment(self._event.channel, rendition, max(0, state.media_sequence - 1))
            prefix = layout.live_rendition(self._event.channel, rendition)
            async for stat in self._store.list(prefix, after=first):
                segment = layout.parse_live_segment(stat.key)
                if segment is not None:
                    found.add((rendition, segment.number))
        return found

    async def _body(self, rendition: RenditionId, segment: LiveSegment, *, since: int) -> bytes | None:
        """None: not all of it is kept any more."""
        if self._journal is not None:
            kept = await asyncio.to_thread(self._journal.body, rendition, segment)
            if kept is not None:
                return kept
        if (segment.ended_ms or 0) < since:
            return None
        parts = []
        for index in range(segment.count):
            part = await read_part(self._cache, self._event, rendition, segment.number, index)
            if part is None:
                return None
            parts.append(part)
        return b"".join(parts)
