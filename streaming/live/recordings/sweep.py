"""What of an event leaves the bucket: all but the segments that recordings and clips are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from infra.errors import ObjectNotFound
from manifests import layout
from transcoder.facts import is_over
from transcoder.live.event import load
from transcoder.sources.pieces import holders

if TYPE_CHECKING:
    from infra.ports import ObjectStore
    from manifests.layout import ChannelId

_DELETED: Final = 1000
"""Objects that are deleted at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """`keys`: pieces of a source. `numbers`: segments that are needed in every rendition, for not all is taken over."""

    keys: frozenset[str] = frozenset()
    numbers: frozenset[int] = frozenset()

    def wants(self, key: str, *, before: int | None) -> bool:
        """Whether an object of the event stays; `before`: only segments below that number may go."""
        segment = layout.parse_live_segment(key)
        if segment is None:  # an init section, a playlist
            return before is not None or bool(self.numbers)
        kept = before is not None and segment.number >= before
        return kept or key in self.keys or segment.number in self.numbers


async def needed(store: ObjectStore, channel: ChannelId, event: int) -> Needed:
    """What recordings and clips need of an event. Raises what the store raises."""
    keys: set[str] = set()
    numbers: set[int] = set()
    for (asset, version), source in (await holders(store, layout.live_owner(channel, event))).items():
        mine = {piece.key for piece in source.pieces}
        keys |= mine
        if not await is_over(store, asset, version):
            segments = map(layout.parse_live_segment, mine)
            numbers |= {segment.number for segment in segments if segment is not None}
    return Needed(keys=frozenset(keys), numbers=frozenset(numbers))


async def sweep_event(store: ObjectStore, channel: ChannelId, event: int, *, before: int | None = None) -> bool:
    """Delete what nobody needs; whether nothing is left. `before`: of segments below that number alone, for viewers
    have the others. Raises what the store raises."""
    wanted = await needed(store, channel, event)
    is_empty = before is None
    for prefix in await _prefixes(store, channel, event):
        doomed: list[str] = []
        async for stat in store.list(prefix):
            if layout.live_event_of(stat.key) != event:
                continue
            if wanted.wants(stat.key, before=before):
                is_empty = False
                continue
            doomed.append(stat.key)
            if len(doomed) == _DELETED:
                await store.delete(doomed)
                doomed.clear()
        await store.delete(doomed)
    if before is None:
        await store.delete([stat.key async for stat in store.list(layout.live_pages(channel, event))])
    if is_empty:
        await store.delete([layout.live_event(channel, event)])
    return is_empty


async def _prefixes(store: ObjectStore, channel: ChannelId, event: int) -> list[str]:
    """Where its objects lie; without a word of what it was made of all that the channel has is looked at."""
    try:
        told = load(await store.read(layout.live_event(channel, event)))
    except (ObjectNotFound, msgspec.DecodeError):
        return [layout.live_prefix(channel)]
    return [layout.live_rendition(channel, rendition) for rendition in told.renditions]
