"""Says what has arrived: in the bucket, so that workers can read it; on the asset's channel; and to the queue.

All of it is for readers. What counts is in SQL, so a server that does not answer fails no upload here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

import anyio

from infra.errors import CacheUnavailable, InfraError
from manifests import layout
from streaming.upload.model import Piece, Upload, UploadState
from transcoder import signals
from transcoder.sources.pieces import write_source

if TYPE_CHECKING:
    from infra.ports import Cache, ObjectStore
    from manifests.layout import UploadId
    from streaming.upload.ports import UploadCatalogue
    from streaming.upload.records import UploadRecords

_log = logging.getLogger(__name__)

_LIST_EVERY_S: Final = 0.5
_LIST_SOON_S: Final = 0.05
_HINT_EVERY_S: Final = 5


@dataclass(slots=True, weakref_slot=True, eq=False, kw_only=True)
class _Voice:
    """What this process has to say of one upload: one list after the other, each the latest."""

    upload: Upload
    pieces: Sequence[Piece]
    speaking: asyncio.Lock = field(default_factory=asyncio.Lock)
    nudged: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    over: bool = False


class Announcer:
    """One a process."""

    def __init__(self, *, records: UploadRecords, store: ObjectStore, cache: Cache, catalogue: UploadCatalogue) -> None:
        self._records = records
        self._store = store
        self._cache = cache
        self._catalogue = catalogue
        # A voice lives as long as a request or a task of its own has something to say.
        self._voices: WeakValueDictionary[UploadId, _Voice] = WeakValueDictionary()
        self._tasks: set[asyncio.Task[None]] = set()

    async def committed(
        self, upload: Upload, pieces: Sequence[Piece], superseded: Sequence[str], *, before: Upload
    ) -> None:
        """These pieces count now, and the objects `superseded` not any more.

        The list is written at once for the first bytes, and where something was superseded, which goes then; otherwise
        within half a second, or a twentieth of one after a small piece (a slow upload has few), for all that is
        committed till then. Raises AssetNotFound, UploadSuperseded: nobody wants the upload.
        """
        if upload.whole:
            return  # the finisher writes the last list, and clears up
        voice = self._voices.get(upload.id)
        if voice is None:
            self._voices[upload.id] = voice = _Voice(upload=upload, pieces=pieces)
        voice.upload, voice.pieces = upload, pieces
        if (superseded or before.offset == 0) and await self._said(voice):
            await self._clear(superseded)
        elif voice.task is None:
            voice.task = asyncio.create_task(self._say_later(voice))
            self._tasks.add(voice.task)
            voice.task.add_done_callback(self._tasks.discard)
        if before.offset == 0 or _beat(before) != _beat(upload):
            await self._catalogue.source_arriving(upload.asset, version=upload.version)

    async def wake(self, upload: Upload) -> None:
        """Tell whoever follows the source to look."""
        signal = signals.Signal(what="upload", asset=upload.asset, version=upload.version)
        with suppress(CacheUnavailable):
            await self._cache.publish(signals.asset_channel(upload.asset), signals.dump(signal))

    async def silence(self, upload: UploadId) -> None:
        """Say nothing more of an upload that ends; a list that is being written is written first."""
        voice = self._voices.get(upload)
        if voice is not None:
            voice.over = True
            voice.nudged.set()
            async with voice.speaking:
                pass

    async def drain(self) -> None:
        """Say now what waits to be said."""
        for voice in self._voices.values():
            voice.nudged.set()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _say_later(self, voice: _Voice) -> None:
        """Write lists as long as there is something new."""
        latest = None
        try:
            while voice.upload is not latest and not voice.over:
                is_slow = voice.pieces[-1].size < voice.upload.piece_size() // 2
                with anyio.move_on_after(_LIST_SOON_S if is_slow else _LIST_EVERY_S):
                    await voice.nudged.wait()
                latest = voice.upload
                await self._said(voice)
        finally:
            voice.task = None

    async def _said(self, voice: _Voice) -> bool:
        """Write the list and wake the readers; False if a server does not answer."""
        async with voice.speaking:
            upload, pieces = voice.upload, voice.pieces
            try:
                while not voice.over:
                    await write_source(self._store, upload.asset, upload.version, upload.source(pieces))
                    latest = await self._records.get(upload.id)
                    if latest is None or latest.state is not UploadState.OPEN:
                        await self._store.delete([layout.source_arriving(upload.asset, upload.version)])
                        return True
                    if latest.whole or latest.epoch == upload.epoch:
                        break  # of a whole one its finisher speaks, and only he: he has seen that every piece is there
                    # A writer that was held up wrote over what another had said: it says what is true now.
                    upload, pieces = latest, await self._records.pieces(upload.id)
            except InfraError as exc:
                _log.warning("upload %s: its new bytes cannot be read yet: %s", upload.id, exc)
                return False
        await self.wake(upload)
        return True

    async def _clear(self, superseded: Sequence[str]) -> None:
        # What stays is swept when the upload ends.
        with suppress(InfraError):
            await self._store.delete(superseded)


def _beat(upload: Upload) -> int:
    """Which beat the last bytes lie in: a hint is given once a beat, over however many requests they come."""
    return int(upload.updated_at.timestamp()) // _HINT_EVERY_S
