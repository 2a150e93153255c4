"""One request's bytes on their way into the store, in memory for one part at most.

Bytes gather until a part is full; the part goes to the store, then its row goes to SQL, and only then does it count.
What is left when the request ends becomes a tail object, so it counts too. A process that dies loses what it held in
memory: less than one part.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from manifests import layout
from streaming.upload.errors import LongerThanDeclared, PartsExhausted
from streaming.upload.model import MOST_PARTS, Piece, Upload, tail

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime, timedelta

    from infra.ports import MultipartStore, ObjectStore
    from streaming.clock import Clock
    from streaming.upload.records import UploadRecords

_MOST_TAILS: Final = 32
"""Tail objects before they are gathered into one: bounds both the objects and how often a byte is written again."""
_TELL_EVERY_S: Final = 0.3


class Intake:
    """The writer of one upload. `provisional`: nothing counts until `close` (the bytes still have to be checked)."""

    def __init__(
        self,
        upload: Upload,
        pieces: Sequence[Piece],
        *,
        records: UploadRecords,
        store: ObjectStore,
        multipart: MultipartStore,
        clock: Clock,
        expires: timedelta,
        on_progress: Callable[[Upload], Awaitable[None]],
        provisional: bool = False,
    ) -> None:
        self.upload = upload
        """As committed."""
        self._pieces = tuple(pieces)
        self._new: list[Piece] = []
        self._replaced_from = upload.offset
        self._superseded: list[str] = []
        self._buffer = bytearray()
        self._records = records
        self._store = store
        self._multipart = multipart
        self._clock = clock
        self._expires = expires
        self._on_progress = on_progress
        self._provisional = provisional

    @property
    def received(self) -> int:
        """Where the bytes that have arrived end."""
        return (self._pieces[-1].end if self._pieces else 0) + len(self._buffer)

    async def add(self, body: bytes) -> None:
        """Take bytes. Raises LongerThanDeclared (and keeps none of `body`), WriterReplaced, ObjectStoreError."""
        length = self.upload.length
        if length is not None and self.received + len(body) > length:
            raise LongerThanDeclared(length=length)
        rest = memoryview(body)
        while len(rest) >= (room := self._room()):
            self._buffer += rest[:room]
            rest = rest[room:]
            await self._store_part()
        self._buffer += rest

    async def close(self, *, length: int | None = None, clean: bool = True) -> Upload:
        """Make everything that has arrived count; `length` says how long the whole is, if it was not known.

        `clean` False: a request to the store may still be on its way, and its part number stays taken.
        """
        if length is not None:
            self.upload = replace(self.upload, length=length)
        if self._buffer or tail(self._pieces):
            if self.received == self.upload.length:
                await self._store_part()
            elif self._buffer:
                await self._store_tail()
        await self._commit(writing=not clean)
        return self.upload

    def _room(self) -> int:
        tails = sum(piece.size for piece in tail(self._pieces))
        return max(self.upload.part_size() - tails - len(self._buffer), 0)

    async def _store_part(self) -> None:
        upload = self.upload
        if upload.next_number > MOST_PARTS:
            raise PartsExhausted
        if not upload.store_id:
            store_id = await self._multipart.begin(upload.key, content_type=upload.content_type)
            await self._records.change(upload, store_id=store_id)
            self.upload = upload = replace(upload, store_id=store_id)
        old = tail(self._pieces)
        body = await self._read(old) + bytes(self._buffer)
        part = await self._multipart.put_part(upload.key, upload.store_id, upload.next_number, body)
        self._take_in(
            old,
            Piece(
                start=self.received - len(body), size=len(body), epoch=upload.epoch,
                number=part.number, etag=part.etag,
            ),
        )  # fmt: skip
        self.upload = replace(upload, next_number=part.number + 1)
        if self._provisional:
            # The number is spent all the same: a part that is thrown away later must not share it with one that counts.
            await self._records.change(self.upload, next_number=self.upload.next_number)
        else:
            await self._commit(writing=True)

    async def _store_tail(self) -> None:
        upload = self.upload
        old = tail(self._pieces) if len(tail(self._pieces)) >= _MOST_TAILS else ()
        body = await self._read(old) + bytes(self._buffer)
        piece = Piece(start=self.received - len(body), size=len(body), epoch=upload.epoch)
        key = layout.upload_tail(upload.id, piece.start, piece.epoch)
        await self._store.put(key, body, content_type="application/octet-stream")
        self._take_in(old, piece)

    def _take_in(self, old: Sequence[Piece], piece: Piece) -> None:
        """Let `piece` stand for the old tail pieces and the buffer."""
        kept = self._pieces[: len(self._pieces) - len(old)]
        self._pieces = (*kept, piece)
        self._replaced_from = min(self._replaced_from, piece.start)
        self._new = [new for new in self._new if new.start < piece.start] + [piece]
        self._superseded += [layout.upload_tail(self.upload.id, gone.start, gone.epoch) for gone in old]
        self._buffer.clear()

    async def _read(self, pieces: Sequence[Piece]) -> bytes:
        bodies = [
            await self._store.read(layout.upload_tail(self.upload.id, piece.start, piece.epoch)) for piece in pieces
        ]
        return b"".join(bodies)

    async def _commit(self, *, writing: bool) -> None:
        before, now = self.upload.updated_at, self._clock()
        offset = self._pieces[-1].end if self._pieces else 0
        upload = replace(self.upload, offset=offset, writing=writing, updated_at=now, expires_at=now + self._expires)
        await self._records.commit(upload, self._new, replaced_from=self._replaced_from)
        superseded, self._superseded = self._superseded, []
        self.upload, self._new, self._replaced_from = upload, [], offset
        if superseded:
            await self._store.delete(superseded)
        if _beat(now) != _beat(before):
            await self._on_progress(upload)


def _beat(moment: datetime) -> int:
    """Which beat a moment lies in: progress is told once a beat, over however many requests the bytes come."""
    return int(moment.timestamp() / _TELL_EVERY_S)
