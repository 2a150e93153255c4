"""Who is let in: a stream key is looked up before a byte of media is read, whichever way it came."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final, Protocol

from streaming.live.ingest.errors import TooManyTries, WrongKey
from streaming.live.ingest.metrics import REFUSED
from streaming.live.ingest.publisher import Container, Publisher, Way
from streaming.live.ingest.tries import Tries

if TYPE_CHECKING:
    from collections.abc import Callable

    from streaming.live.ingest.turned_away import Door
    from streaming.live.keys.model import StreamKey

_AT_ONCE: Final = 32


class KeyRing(Protocol):
    """Where keys are looked up: `streaming.live.keys.service.StreamKeys`."""

    async def find(self, secret: str) -> StreamKey | None:
        """The key that has this secret, if it is valid now."""
        ...


class Gate:
    """Asks the key ring, slowly for those who were wrong too often. Shared by all ways in of a process."""

    def __init__(
        self,
        keys: KeyRing,
        *,
        tries: Tries | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        door: Door | None = None,
    ) -> None:
        """`door` is told of who is turned away."""
        self._keys = keys
        self._door = door
        self._tries = tries or Tries()
        self._monotonic = monotonic
        self._lookups = asyncio.Semaphore(_AT_ONCE)

    async def admit(
        self, secret: str, *, address: str, way: Way, container: Container, channel: str | None = None
    ) -> Publisher:
        """The publisher whose key this is. `channel`: which one he says he means, if he says so.

        Raises WrongKey, TooManyTries; DatabaseUnavailable.
        """
        if not self._tries.allowed(address, now=self._monotonic()):
            REFUSED.labels(way, "too_many_tries").inc()
            self._turned_away(way, address, channel)
            raise TooManyTries
        async with self._lookups:
            key = await self._keys.find(secret)
        if key is None or channel not in (None, key.channel):
            self._tries.failed(address, now=self._monotonic())
            REFUSED.labels(way, "wrong_key").inc()
            self._turned_away(way, address, channel)
            raise WrongKey
        return Publisher(
            channel=key.channel, place=key.place, key_id=key.id, way=way, address=address, container=container
        )  # fmt: skip

    def _turned_away(self, way: Way, address: str, channel: str | None) -> None:
        if self._door is not None:
            self._door.turned_away(way, address=address, channel=channel)
