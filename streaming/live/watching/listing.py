"""What runs and ran on the channels, with how many watch; remembered for a second, for everybody asks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from infra.errors import CacheUnavailable
from streaming.live.channels.model import Channel, ChannelState
from streaming.playback.single_flight import SingleFlight
from streaming.sessions.subject import ChannelEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from streaming.clock import Clock
    from streaming.live.channels.service import Channels
    from streaming.sessions.service import Sessions

_REMEMBERED_S: Final = 1.0
_EVENTS: Final = 1000
_ON_AIR: Final = frozenset({ChannelState.LIVE, ChannelState.INTERRUPTED})
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


def is_on_air(channel: Channel) -> bool:
    """Whether there is something to see at the live edge: its publisher's pictures, or what stands in for them."""
    return channel.state in _ON_AIR


def in_order(channels: Iterable[Channel]) -> list[Channel]:
    """Those on air first, the latest in front; then what is to come, the soonest in front; then what is over."""
    by_beginning = sorted(channels, key=lambda each: each.started_at or _LONG_AGO, reverse=True)
    on_air = [each for each in by_beginning if is_on_air(each)]
    to_come = [each for each in by_beginning if not is_on_air(each) and _comes(each)]
    over = [each for each in by_beginning if not is_on_air(each) and not _comes(each)]
    return [*on_air, *sorted(to_come, key=lambda each: each.starts_at or _LONG_AGO), *over]


def _comes(channel: Channel) -> bool:
    return channel.state is ChannelState.WAITING or channel.starts_at is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A channel; `viewers` of its present or last event, None while that cannot be told."""

    channel: Channel
    viewers: int | None


class Listing:
    """Raises DatabaseUnavailable. Without Redis there are channels, and no numbers of viewers."""

    def __init__(self, channels: Channels, sessions: Sessions, *, clock: Clock) -> None:
        self._channels, self._sessions, self._clock = channels, sessions, clock
        self._listed: tuple[float, list[Channel]] | None = None
        self._counted: dict[ChannelEvent, tuple[float, int]] = {}
        self._lists: SingleFlight[str, list[Channel]] = SingleFlight()
        self._counts: SingleFlight[frozenset[ChannelEvent], dict[ChannelEvent, int]] = SingleFlight()

    async def all(self) -> list[Listed]:
        """Public channels on which something runs, ran, or is announced, `in_order`."""
        now = asyncio.get_running_loop().time()
        if self._listed is None or self._listed[0] <= now:
            self._listed = (now + _REMEMBERED_S, await self._lists("all", self._read))
        return await self._with_viewers(self._listed[1])

    async def one(self, channel: Channel) -> Listed:
        return (await self._with_viewers([channel]))[0]

    async def _read(self) -> list[Channel]:
        return in_order(
            each for each in await self._channels.list() if each.public and (each.event or each.starts_at is not None)
        )

    async def _with_viewers(self, channels: Sequence[Channel]) -> list[Listed]:
        events = {each.id: ChannelEvent(channel=each.id, event=each.event) for each in channels if each.event}
        now = asyncio.get_running_loop().time()
        counts = {
            event: known[1]
            for event in events.values()
            if (known := self._counted.get(event)) is not None and now < known[0]
        }
        missing = frozenset(event for event in events.values() if event not in counts)
        try:
            if missing:
                counts |= await self._counts(missing, lambda: self._count(sorted(missing)))
        except CacheUnavailable:
            return [Listed(channel=each, viewers=None) for each in channels]
        return [Listed(channel=each, viewers=counts[events[each.id]] if each.id in events else 0) for each in channels]

    async def _count(self, events: Sequence[ChannelEvent]) -> dict[ChannelEvent, int]:
        counts = dict(zip(events, await self._sessions.viewers(events, now=self._clock()), strict=True))
        if len(self._counted) + len(events) > _EVENTS:
            self._counted.clear()
        until = asyncio.get_running_loop().time() + _REMEMBERED_S
        self._counted |= {event: (until, number) for event, number in counts.items()}
        return counts
