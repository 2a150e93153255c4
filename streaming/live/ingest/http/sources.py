"""The sources of a process, by key: kept while somebody sends, and for a while of silence after."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from infra.tasks import end
from streaming.live.ingest.http.objects import Objects
from streaming.live.ingest.http.source import Source
from streaming.live.ingest.http.tracks import Fragment, TrackReader
from streaming.live.ingest.publisher import Container, Way

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import timedelta

    from streaming.live.ingest.http.objects import Named
    from streaming.live.ingest.publisher import Feeds, Publisher

_TS: Final = 0x47


class Pushed:
    """What one key pushes: tracks, or objects that are named by playlists."""

    def __init__(self, feeds: Feeds, publisher: Publisher, monotonic: Callable[[], float]) -> None:
        self.tracks = Source(feeds, publisher, monotonic)
        self.requests: Counter[str] = Counter()
        """Requests that are open now, by the path that they are sent to."""
        self.objects = Objects(knows=self.tracks.knows, is_coming=lambda path: self.requests[path] > 0)
        transport = replace(publisher, way=Way.HLS, container=Container.MPEG_TS)
        self._stream = Source(feeds, transport, monotonic)
        self._playlist: str | None = None
        self._turn = asyncio.Lock()

    async def give_out(self) -> None:
        """Pass on what has been named. Raises NotTaken, FeedClosed, ProtocolFault, HeaderMissing."""
        async with self._turn:
            for each in self.objects.named():
                if each == "end":
                    await self.close()
                elif each.track is not None:
                    await self._fragments(each.track, each)
                elif self._playlist in (None, each.playlist) and each.body[:1] == bytes([_TS]):
                    # One rendition is enough, and which is the best stands in no segment: the first one named.
                    self._playlist = each.playlist
                    if each.afresh:
                        await self._stream.close()
                    await self._stream.take(each.body)

    async def _fragments(self, track: str, named: Named) -> None:
        afresh = named.afresh
        for unit in TrackReader().read(named.body):
            if isinstance(unit, Fragment):
                await self.tracks.fragment(track, unit, afresh=afresh)
                afresh = False

    async def close(self) -> None:
        """Its publisher is gone."""
        self._playlist = None
        await self.tracks.close()
        await self._stream.close()


class Sources:
    """One `Pushed` for each key. `silence`: how long it is kept when nobody sends."""

    def __init__(
        self, feeds: Feeds, *, silence: timedelta, monotonic: Callable[[], float] = time.monotonic
    ) -> None:  # fmt: skip
        self._feeds = feeds
        self._silence_s = silence.total_seconds()
        self._monotonic = monotonic
        self._pushed: dict[str, Pushed] = {}
        self._closing: dict[str, asyncio.Task[None]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._is_over = False

    @asynccontextmanager
    async def of(self, publisher: Publisher, path: str) -> AsyncIterator[Pushed]:
        """What this publisher's key pushes, while a request to `path` is open."""
        key = publisher.key_id
        pushed = self._pushed.get(key)
        if pushed is None:
            pushed = self._pushed[key] = Pushed(self._feeds, publisher, self._monotonic)
        pushed.requests[path] += 1
        if closing := self._closing.pop(key, None):
            closing.cancel()
        try:
            yield pushed
        finally:
            pushed.requests -= Counter({path: 1})
            if not pushed.requests and not self._is_over:
                self._closing[key] = asyncio.create_task(self._silent(key))

    async def _silent(self, key: str) -> None:
        await asyncio.sleep(self._silence_s)
        del self._closing[key]
        # By a task of its own: who comes now begins anew, and does not call this off half-way.
        task = asyncio.create_task(self._pushed.pop(key).close())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def aclose(self) -> None:
        """End all publications."""
        self._is_over = True
        await end(*self._closing.values())
        await asyncio.gather(*(pushed.close() for pushed in self._pushed.values()), *self._ending)
        self._pushed.clear()
