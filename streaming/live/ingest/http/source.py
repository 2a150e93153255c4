"""What one key pushes by HTTP: tracks, each by requests of its own, become one publication.

The tracks are not announced. So the publication begins when a picture and a sound are known and no further track came
for a moment, or after somewhat more than a second; what comes later, and changes the choice, begins another one.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from streaming.live.ingest.errors import FeedClosed, IngestError, ProtocolFault
from streaming.live.ingest.http.errors import HeaderMissing
from streaming.live.ingest.http.joiner import KINDS, Joiner, choose
from streaming.live.ingest.http.publication import Publication

if TYPE_CHECKING:
    from collections.abc import Callable

    from streaming.live.ingest.http.tracks import Fragment, Header
    from streaming.live.ingest.publisher import Feeds, Publisher

_QUIET_S: Final = 0.3
_PATIENCE_S: Final = 1.5
_TRACKS: Final = 32


class Source:
    """All of one key. Its methods raise NotTaken, FeedClosed, ProtocolFault."""

    def __init__(self, feeds: Feeds, publisher: Publisher, monotonic: Callable[[], float]) -> None:
        self._feeds = feeds
        self._publisher = publisher
        self._monotonic = monotonic
        self._headers: dict[str, Header] = {}
        self._others: set[str] = set()
        """Tracks that are no picture and no sound: taken, and not passed on."""
        self._fed: set[str] = set()
        self._news = asyncio.Event()
        self._turn = asyncio.Lock()
        self._publication: Publication | None = None
        self._left: Publication | None = None
        """The last one that was ended because another begins."""
        self._joiner: Joiner | None = None
        self._first = self._latest = 0.0

    def knows(self, name: str) -> bool:
        """Whether the header of this track came."""
        return name in self._headers or name in self._others

    async def header(self, name: str, header: Header) -> None:
        """The header of a track; the same one again is no news."""
        if self._headers.get(name) == header:
            return
        if not choose({name: header}):
            if len(self._others) < _TRACKS:
                self._others.add(name)
            return
        if name not in self._headers and len(self._headers) >= _TRACKS:
            return
        self._others.discard(name)
        self._latest = self._monotonic()
        if not self._headers:
            self._first = self._latest
        self._headers[name] = header
        self._news.set()
        if self._joiner is not None and not self._joiner.is_settled_by(self._headers):
            await self._begin_again(name)

    async def fragment(self, name: str, fragment: Fragment, *, afresh: bool = False) -> None:
        """The next fragment of a track. `afresh`: its encoder began anew, so that a time gone by is no repetition.

        Raises HeaderMissing.
        """
        if name in self._others:
            return
        if name not in self._headers:
            raise HeaderMissing
        publication, joiner = await self._settled()
        if afresh and joiner.is_behind(name, fragment):
            await self._begin_again(name)
            publication, joiner = await self._settled()
        body = joiner.fragment(name, fragment)
        if not body:
            return
        self._fed.add(name)
        try:
            await self._write(publication, body)
        except FeedClosed:
            if publication is not self._left:
                raise
            await self.fragment(name, fragment)  # another track has begun a new one meanwhile: it belongs there

    async def take(self, body: bytes) -> None:
        """The next bytes of a stream that needs no joining (MPEG-TS)."""
        if self._publication is None:
            self._publication = Publication(self._feeds, self._publisher)
        await self._write(self._publication, body)

    async def _write(self, publication: Publication, body: bytes) -> None:
        try:
            await publication.write(body)
        except IngestError:
            if publication is self._publication:
                await self.close()
            raise

    async def close(self) -> None:
        """Its publisher is gone."""
        publication, self._publication, self._joiner = self._publication, None, None
        if publication is not None:
            await publication.close()

    async def _settled(self) -> tuple[Publication, Joiner]:
        async with self._turn:
            if self._publication is None or self._joiner is None:
                await self.close()
                await self._wait_for_tracks()
                joiner = Joiner(self._headers)
                if not joiner.chosen:
                    raise ProtocolFault("There is neither a picture nor a sound.")
                publication = Publication(self._feeds, self._publisher)
                try:
                    await publication.write(joiner.begins())
                except BaseException:
                    await publication.close()
                    raise
                self._publication, self._joiner = publication, joiner
            return self._publication, self._joiner

    async def _wait_for_tracks(self) -> None:
        while True:
            whole = len(choose(self._headers)) == len(KINDS)
            until = min(self._first + _PATIENCE_S, self._latest + _QUIET_S if whole else self._first + _PATIENCE_S)
            self._news.clear()
            try:
                async with asyncio.timeout(until - self._monotonic()):
                    await self._news.wait()
            except TimeoutError:
                return

    async def _begin_again(self, name: str) -> None:
        """Another publication: of this track, and of those that were fed by the last one."""
        async with self._turn:
            kept = self._fed | {name}
            self._headers = {each: header for each, header in self._headers.items() if each in kept}
            self._fed = set()
            self._first = self._latest = self._monotonic()
            self._left = self._publication
            await self.close()
