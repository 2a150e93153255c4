"""Splices of all feeds of this process, written into the timelines of their events."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final, TypeAlias

from infra.errors import InfraError
from manifests.layout import ChannelId
from streaming.http.problem import ApiError
from streaming.live.timeline.metrics import SECTIONS
from streaming.live.timeline.model import Source
from streaming.live.timeline.scte35.pairing import Begun, Pairing

if TYPE_CHECKING:
    from collections.abc import Callable

    from streaming.live.timeline.scte35.pairing import Change
    from streaming.live.timeline.scte35.splice import Splice
    from streaming.live.timeline.service import Timelines

log: Final = logging.getLogger("channel.live")

_LOOK_S: Final = 1.0
_AGAIN_S: Final = 0.5
_TRIES: Final = 60
_WAITING: Final = 1000
_BY: Final = "scte35"

Event: TypeAlias = tuple[ChannelId, int]
"""A channel, and the number of its event."""


class SpliceDesk:
    """`clock`: ms since the epoch."""

    def __init__(self, timelines: Timelines, *, clock: Callable[[], int]) -> None:
        self._timelines, self._clock = timelines, clock
        self._heard: asyncio.Queue[tuple[Event, Splice, int]] = asyncio.Queue(_WAITING)
        self._pairings: dict[Event, Pairing] = {}

    def hear(self, channel: ChannelId, event: int, splice: Splice, at_ms: int) -> None:
        """At once; what comes while too much waits is let go."""
        try:
            self._heard.put_nowait(((channel, event), splice, at_ms))
        except asyncio.QueueFull:
            SECTIONS.labels("flood").inc()

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                async with asyncio.timeout(_LOOK_S):
                    event, splice, at_ms = await self._heard.get()
            except TimeoutError:
                for each in list(self._pairings):
                    await self._safely(each, None, self._clock())
            else:
                await self._safely(event, splice, at_ms)

    async def open(self, channel: ChannelId, event: int) -> None:
        """An event runs: its ranges that have no end yet are this process's to end. Raises DatabaseUnavailable."""
        for known in [each for each in self._pairings if each[0] == channel and each[1] != event]:
            del self._pairings[known]
        if (channel, event) not in self._pairings:
            kept = await self._timelines.list(channel, event)
            ours = [each.mark for each in kept if each.source is Source.SCTE35 and each.mark.duration is None]
            self._pairings[channel, event] = Pairing(ours)

    async def _safely(self, event: Event, splice: Splice | None, at_ms: int) -> None:
        """What one feed says harms no other."""
        try:
            pairing = await self._pairing(event)
            for change in pairing.due(at_ms) if splice is None else pairing.take(splice, at_ms):
                await self._write(event, change)
        except Exception:
            SECTIONS.labels("fault").inc()
            log.exception("a splice of %s is not told", event[0])

    async def _pairing(self, event: Event) -> Pairing:
        while event not in self._pairings:
            try:
                await self.open(*event)
            except InfraError as exc:
                log.warning("splices wait", extra={"channel": event[0], "cause": str(exc)})
                await asyncio.sleep(_AGAIN_S)
        return self._pairings[event]

    async def _write(self, event: Event, change: Change) -> None:
        channel, _ = event
        for _ in range(_TRIES):
            try:
                if isinstance(change, Begun):
                    await self._timelines.add(
                        channel, change.mark, by=_BY, source=Source.SCTE35, splice=change.splice
                    )  # fmt: skip
                else:
                    await self._timelines.say(channel, change.mark, change.more, by=_BY)
            except ApiError as exc:
                SECTIONS.labels("refused").inc()
                log.warning("a splice is not told", extra={"channel": channel, "why": exc.code})
            except InfraError as exc:
                log.warning("a splice waits", extra={"channel": channel, "cause": str(exc)})
                await asyncio.sleep(_AGAIN_S)
                continue
            return
