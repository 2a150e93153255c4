"""One request's bytes on their way into the store, in memory for one piece at most.

Bytes gather until a piece is full, until they have waited for half a second (less while an upload begins: somebody may
wait for its first picture), or until the request ends. The piece goes to the store, then its row goes to SQL, and only
then does it count; then it may be read. Small pieces are gathered into a larger one as more bytes come. A process that
dies loses what it held in memory: less than one piece.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

from infra.errors import InfraError
from streaming.upload.errors import LongerThanDeclared, WriterReplaced
from streaming.upload.model import Piece, Upload, small_ones

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence
    from datetime import timedelta

    from infra.ports import ObjectStore
    from streaming.clock import Clock
    from streaming.upload.announcer import Announcer
    from streaming.upload.records import UploadRecords

T = TypeVar("T")

_FLUSH_AFTER_S: Final = 0.5
"""How long bytes of a slow upload are held back before they can be read."""
_OPENING_S: Final = 0.15
_OPENING: Final = 24
"""How long those are that an upload begins with, and how often: three to four seconds hold a first segment."""
_MOST_SMALL: Final = 32
"""Small pieces before they are gathered: bounds both the objects and how often a byte is written again."""


class Intake:
    """The writer of one upload. `provisional`: nothing counts until `close` (the bytes still have to be checked)."""

    def __init__(
        self,
        upload: Upload,
        pieces: Sequence[Piece],
        *,
        records: UploadRecords,
        store: ObjectStore,
        announcer: Announcer,
        clock: Clock,
        expires: timedelta,
        provisional: bool = False,
    ) -> None:
        self.upload = upload
        """As committed."""
        self._pieces = tuple(pieces)
        self._new: list[Piece] = []
        self._replaced_from = upload.offset
        self._superseded: list[str] = []
        self._uncommitted: list[str] = []
        self._attempted = -1
        # Bytes [_held_from, received): those that are not stored yet, behind this request's own small pieces.
        self._held = bytearray()
        self._held_from = upload.offset
        self._waiting_since: float | None = None
        self._opening = 0 if upload.offset else _OPENING
        self._records = records
        self._store = store
        self._announcer = announcer
        self._clock = clock
        self._expires = expires
        self._provisional = provisional

    @property
    def received(self) -> int:
        """Where the bytes that have arrived end."""
        return self._held_from + len(self._held)

    def due(self) -> float | None:
        """When (monotonic) to call `add`, with no bytes if there are none, so that what is held can be read."""
        if self._waiting_since is None or self._provisional:
            return None
        return self._waiting_since + (_OPENING_S if self._opening else _FLUSH_AFTER_S)

    async def add(self, body: bytes) -> None:
        """Take bytes. Raises LongerThanDeclared (and keeps none of `body`), WriterReplaced, AssetNotFound,
        ObjectStoreError."""
        length = self.upload.length
        if length is not None and self.received + len(body) > length:
            raise LongerThanDeclared(length=length)
        rest = memoryview(body)
        while rest:
            room = self._room()
            self._held += rest[:room]
            rest = rest[room:]
            if self._waiting_since is None:
                self._waiting_since = time.monotonic()
            if self._room() == 0:
                await self._put()
        due = self.due()
        if due is not None and time.monotonic() >= due:
            self._opening = max(self._opening - 1, 0)
            await self._put()

    async def close(self, *, length: int | None = None) -> Upload:
        """Make everything that has arrived count; `length` says how long the whole is, if it was not known."""
        if length is not None:
            self.upload = replace(self.upload, length=length)
        if self.received > self._stored:
            await self._put(last=True)
        if self._new or self.upload.writing or length is not None:
            await self._commit(writing=False)
        return self.upload

    async def discard(self) -> None:
        """Throw away what does not count. What a server that does not answer leaves is swept when the upload ends."""
        self._held.clear()
        uncommitted, self._uncommitted = self._uncommitted, []
        with suppress(InfraError):
            await self._store.delete(uncommitted)

    @property
    def _stored(self) -> int:
        return self._pieces[-1].end if self._pieces else 0

    @property
    def _small(self) -> tuple[Piece, ...]:
        return small_ones(self._pieces, self.upload.piece_size() // 2)

    def _room(self) -> int:
        begun = self._small[0].start if self._small else self._stored
        return max(self.upload.piece_size() - (self.received - begun), 0)

    async def _put(self, *, last: bool = False) -> None:
        """Store what is held, together with the small pieces before it if that makes a piece that is not small."""
        small = self._small
        start = small[0].start if small else self._stored
        if self.received - start < self.upload.piece_size() // 2 and len(small) < _MOST_SMALL:
            small, start = (), self._stored
        if start <= self._attempted:
            # A key is used for one body only: an earlier request for it may still be on its way.
            self.upload = await self._asked(self._records.claim(self.upload))
        body = await self._gathered(small, start)
        piece = Piece(start=start, size=len(body), epoch=self.upload.epoch)
        key, self._attempted = self.upload.key_of(piece), start
        self._uncommitted.append(key)
        await self._store.put(key, body, content_type=self.upload.content_type)
        self._take_in(small, piece)
        if self._provisional:
            now = self._clock()
            await self._asked(self._records.change(self.upload, updated_at=now, expires_at=now + self._expires))
        elif not last:
            await self._commit(writing=True)

    async def _gathered(self, small: Sequence[Piece], start: int) -> bytes:
        """What has arrived from `start` on; small pieces that this request did not bring are read again."""
        earlier = [piece for piece in small if piece.start < self._held_from]
        begun = earlier[-1].end if earlier else start
        bodies = [await self._store.read(self.upload.key_of(piece)) for piece in earlier]
        return b"".join([*bodies, memoryview(self._held)[begun - self._held_from :]])

    def _take_in(self, gathered: Sequence[Piece], piece: Piece) -> None:
        """Let `piece` stand for the gathered ones and for what was held."""
        self._pieces = (*self._pieces[: len(self._pieces) - len(gathered)], piece)
        self._replaced_from = min(self._replaced_from, piece.start)
        self._new = [new for new in self._new if new.start < piece.start] + [piece]
        self._superseded += [self.upload.key_of(gone) for gone in gathered]
        self._waiting_since = None
        if not self._small:
            self._held.clear()
            self._held_from = piece.end

    async def _commit(self, *, writing: bool) -> None:
        before, now = self.upload, self._clock()
        upload = replace(
            before, offset=self._stored, writing=writing, updated_at=now, expires_at=now + self._expires
        )  # fmt: skip
        # From here on they may count: only an answer tells that they do not.
        uncommitted, self._uncommitted = self._uncommitted, []
        try:
            await self._records.commit(upload, self._new, replaced_from=self._replaced_from)
        except WriterReplaced:
            self._uncommitted = uncommitted
            await self.discard()
            raise
        superseded, self._superseded = self._superseded, []
        self.upload, self._new, self._replaced_from = upload, [], upload.offset
        if upload.offset > before.offset or superseded:
            await self._announcer.committed(upload, self._pieces, superseded, before=before)

    async def _asked(self, change: Awaitable[T]) -> T:
        """Do this in SQL; whoever finds himself replaced there takes with him what does not count."""
        try:
            return await change
        except WriterReplaced:
            await self.discard()
            raise
