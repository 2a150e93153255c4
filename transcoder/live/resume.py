"""What the packager before this one has left in Redis."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from infra.errors import CacheUnavailable
from transcoder.live import board

if TYPE_CHECKING:
    from infra.ports import Cache
    from manifests.layout import RenditionId
    from manifests.live.state import LiveRendition
    from transcoder.live.event import LiveEvent

READ = """
return {redis.call('GET', KEYS[1]), redis.call('LRANGE', KEYS[2], 0, -1)}
"""
"""A tail and the past before it, of one moment. KEYS: tail, past."""


async def read_state(cache: Cache, event: LiveEvent, rendition: RenditionId) -> LiveRendition | None:
    """The state of a rendition; None if there is none. Raises CacheUnavailable."""
    channel = event.channel
    tail, past = await cache.script(
        READ, [board.tail_key(channel, rendition), board.past_key(channel, rendition)], []
    )  # fmt: skip
    if not tail:
        return None
    found = board.load_tail(tail)
    whole = board.joined([board.load_segment(entry) for entry in past], found)
    # Without what lies between, what is there last counts: its numbers go on.
    return found.state if whole is None else whole


def ahead(known: LiveRendition, other: LiveRendition | None) -> LiveRendition:
    """Of two states of a rendition the one that came later; the other one if both are as late."""
    return known if other is None or progress(other) < progress(known) else other


def progress(state: LiveRendition) -> tuple[bool, int, int, int]:
    """Of two states of a rendition that of the later one is the greater."""
    return (state.ended, state.number, 0 if state.growing is None else state.growing.count, state.changed_ms)


async def read_states(cache: Cache, event: LiveEvent) -> dict[RenditionId, LiveRendition]:
    """Of all renditions that have one. Raises CacheUnavailable."""
    found = await asyncio.gather(*(read_state(cache, event, rendition) for rendition in event.renditions))
    return {
        rendition: state for rendition, state in zip(event.renditions, found, strict=True) if state is not None
    }  # fmt: skip


async def read_part(cache: Cache, event: LiveEvent, rendition: RenditionId, number: int, index: int) -> bytes | None:
    """The bytes of a part, as long as they are kept; None also while Redis is away."""
    try:
        return await cache.get(board.part_key(event.channel, rendition, number, index))
    except CacheUnavailable:
        return None
