"""The end of an upload: its parts become the source, or are thrown away. Both can be run again at any point.

An upload whose bytes are all in the store may be found by anybody (its own PATCH, a later HEAD, the sweeper of another
process) and is finished by whoever finds it: the steps find what an earlier try has done.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from infra.errors import UploadNotFound as PartsUnknown
from manifests import layout
from streaming.http.problem import Conflict, NotFound
from streaming.upload.errors import UploadGone
from streaming.upload.model import Upload, UploadState, parts
from transcoder.sources.pieces import Piece, SourceBytes, write_source

if TYPE_CHECKING:
    from infra.ports import MultipartStore, ObjectStat, ObjectStore, Part
    from streaming.clock import Clock
    from streaming.upload.ports import UploadCatalogue
    from streaming.upload.records import UploadRecords

_log = logging.getLogger(__name__)


class Finisher:
    """Ends uploads."""

    def __init__(
        self,
        *,
        records: UploadRecords,
        store: ObjectStore,
        multipart: MultipartStore,
        catalogue: UploadCatalogue,
        clock: Clock,
    ) -> None:
        self._records = records
        self._store = store
        self._multipart = multipart
        self._catalogue = catalogue
        self._clock = clock

    async def finish(self, upload: Upload) -> Upload:
        """Make the source of an upload that is whole, and tell the catalogue.

        Raises UploadGone (and throws the upload away) if the asset is gone or took another source, or the store lost
        the parts.
        """
        stat = await self._assemble(upload, parts(await self._records.pieces(upload.id)))
        if stat is None or stat.size != upload.length:
            await self.abandon(upload, UploadState.TERMINATED)
            raise UploadGone("The store has lost parts of this upload: begin it again.")
        piece = Piece(key=upload.key, start=0, size=stat.size)
        whole = SourceBytes(pieces=(piece,), length=stat.size, whole=True)
        await write_source(self._store, upload.asset, upload.version, whole)
        try:
            await self._catalogue.source_arrived(
                upload.asset, version=upload.version, size=stat.size, filename=upload.filename
            )
        except (NotFound, Conflict) as exc:
            if not await self._in_use(upload):
                await self._store.delete([layout.source(upload.asset, upload.version), upload.key])
                await self._sweep_tails(upload)
                await self._records.end(upload, UploadState.TERMINATED, self._clock())
                raise UploadGone(f"The file has arrived, but is not wanted any more: {exc.detail}") from exc
        if upload.publish:
            # An editor who has taken it down meanwhile has the last word.
            with suppress(Conflict):
                await self._catalogue.publish(upload.asset)
        await self._sweep_tails(upload)
        if await self._records.end(upload, UploadState.DONE, self._clock()):
            _log.info("source has arrived", extra={"asset": upload.asset, "upload": upload.id, "size": stat.size})
        return replace(upload, state=UploadState.DONE)

    async def abandon(self, upload: Upload, state: UploadState) -> None:
        """Throw the bytes away and close. SQL comes last, so that a try that died is made again."""
        if upload.store_id:
            await self._multipart.abort(upload.key, upload.store_id)
        await self._sweep_tails(upload)
        if await self._records.end(upload, state, self._clock()):
            _log.info("upload is %s", state.value, extra={"asset": upload.asset, "upload": upload.id})
            await self._catalogue.upload_abandoned(upload.asset)

    async def _assemble(self, upload: Upload, listed: tuple[Part, ...]) -> ObjectStat | None:
        try:
            return await self._multipart.complete(upload.key, upload.store_id, listed)
        except PartsUnknown:
            # Somebody has completed it already: then the object is there.
            return await self._store.head(upload.key)

    async def _in_use(self, upload: Upload) -> bool:
        try:
            return (await self._catalogue.get(upload.asset)).version == upload.version
        except NotFound:
            return False

    async def _sweep_tails(self, upload: Upload) -> None:
        keys = [stat.key async for stat in self._store.list(layout.upload_prefix(upload.id))]
        if keys:
            await self._store.delete(keys)
