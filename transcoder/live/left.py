"""Where an event goes on: what the process before this one has left, in Redis, in its journal, or in the bucket."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manifests.layout import RenditionId
from manifests.live.state import LiveRendition
from transcoder.live import board
from transcoder.live.diary import read_diary
from transcoder.live.resume import ahead, progress, read_states

if TYPE_CHECKING:
    from infra.ports import Cache, ObjectStore
    from transcoder.live.event import LiveEvent
    from transcoder.live.journal import Journal


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """`is_lost`: Redis has not all of it, so it is to be told again."""

    states: dict[RenditionId, LiveRendition]
    is_lost: bool


async def find_left(
    cache: Cache, store: ObjectStore, event: LiveEvent, journal: Journal | None, *, now_ms: int
) -> Left:  # fmt: skip
    """The latest of what is left. Raises CacheUnavailable, ObjectStoreError.

    The journal is ahead of Redis where that has lost something. It is not believed where somebody else has told of the
    event since: another machine was active, and what it listed is not in here.
    """
    told = await read_states(cache, event)
    if told:
        kept = None
        if journal is not None and await _is_ours(cache, event, journal):
            kept = await asyncio.to_thread(journal.states, event, told)
        if kept is not None:
            latest = {name: ahead(kept[name], told.get(name)) for name in kept}
            return Left(states=latest, is_lost=latest != told)
        if journal is not None:
            journal.clear()
        return Left(states=told, is_lost=False)
    if journal is not None:
        noted = await read_diary(store, event, now_ms=now_ms, grown=True)
        kept = await asyncio.to_thread(journal.states, event, noted)
        if kept is not None and all(progress(kept[name]) >= progress(state) for name, state in noted.items()):
            return Left(states=kept, is_lost=True)
        journal.clear()
    return Left(states=await read_diary(store, event, now_ms=now_ms), is_lost=True)


async def _is_ours(cache: Cache, event: LiveEvent, journal: Journal) -> bool:
    """Whether all that Redis has was told by those who wrote the journal."""
    keys = [board.turn_key(event.channel, rendition) for rendition in event.renditions]
    turns = [turn for turn in [await cache.get(key) for key in keys] if turn is not None]
    writers = await asyncio.to_thread(journal.writers)
    return {turn.decode().partition(".")[0] for turn in turns} <= writers
