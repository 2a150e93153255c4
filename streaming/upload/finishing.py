"""The end of an upload: its bytes become the source, or are thrown away. Both can be run again at any point.

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
from streaming.catalog.sweeper import sweep_version
from streaming.http.problem import Conflict, NotFound
from streaming.upload.errors import UploadGone
from streaming.upload.model import Upload, UploadKind, UploadState, missing_parts, part_count
from transcoder.sources.pieces import Piece, SourceBytes, find_source, write_source

if TYPE_CHECKING:
    from infra.ports import MultipartStore, ObjectStore
    from streaming.clock import Clock
    from streaming.upload.announcer import Announcer
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
        announcer: Announcer,
        clock: Clock,
    ) -> None:
        self._records = records
        self._store = store
        self._multipart = multipart
        self._catalogue = catalogue
        self._announcer = announcer
        self._clock = clock

    async def finish(self, upload: Upload) -> Upload:
        """Say where the bytes of an upload lie that is whole, and tell the catalogue.

        Raises UploadGone (and throws the upload away) if the asset is gone or took another source, or the store lost
        bytes.
        """
        await self._announcer.silence(upload.id)
        presigned = upload.kind is UploadKind.PRESIGNED
        source = await (self._assembled(upload) if presigned else self._listed(upload))
        if source is None:
            latest = await self._records.get(upload.id)
            if latest is not None and latest.state is UploadState.DONE:
                return latest  # somebody else was faster, and the rows of its pieces are forgotten
            await self.abandon(upload, UploadState.TERMINATED)
            raise UploadGone("The store has lost bytes of this upload: begin it again.")
        await write_source(self._store, upload.asset, upload.version, source)
        try:
            await self._catalogue.source_arrived(
                upload.asset, version=upload.version, size=source.arrived, filename=upload.filename
            )
        except (NotFound, Conflict) as exc:
            if not await self._in_use(upload):
                await self.abandon(upload, UploadState.TERMINATED)
                raise UploadGone(f"The file has arrived, but is not wanted any more: {exc.detail}") from exc
        await self._announcer.wake(upload)
        if upload.publish:
            # An editor who has taken it down meanwhile has the last word.
            with suppress(Conflict):
                await self._catalogue.publish(upload.asset)
        await self.tidy(upload)
        if await self._records.end(upload, UploadState.DONE, self._clock()):
            _log.info("source has arrived", extra={"asset": upload.asset, "upload": upload.id, "size": source.arrived})
        return replace(upload, state=UploadState.DONE)

    async def abandon(self, upload: Upload, state: UploadState) -> None:
        """Throw away the bytes, and all that was made of them, and close. SQL comes last, so that a try that died is
        made again. Nothing is taken from an asset that has this source already."""
        if not await self._records.fence(upload.id):
            return
        if await self._in_use(upload):
            await self._records.end(upload, UploadState.DONE, self._clock())
            return
        await self._announcer.silence(upload.id)
        if upload.store_id:
            await self._multipart.abort(upload.assembled, upload.store_id)
        await self._catalogue.source_given_up(upload.asset, version=upload.version)
        await sweep_version(self._store, upload.asset, upload.version)
        if await self._records.end(upload, state, self._clock()):
            _log.info("upload is %s", state.value, extra={"asset": upload.asset, "upload": upload.id})
            await self._catalogue.upload_abandoned(upload.asset, version=upload.version)
        await self._announcer.wake(upload)

    async def tidy(self, upload: Upload) -> int:
        """Delete what lies beside the source: the list of what had arrived, pieces of writers that died."""
        source = await find_source(self._store, upload.asset, upload.version)
        if source is None or not source.whole:
            return 0
        kept = {layout.source(upload.asset, upload.version), *(piece.key for piece in source.pieces)}
        prefix = layout.source_prefix(upload.asset, upload.version)
        unlisted = [stat.key async for stat in self._store.list(prefix) if stat.key not in kept]
        await self._store.delete(unlisted)
        return len(unlisted)

    async def _listed(self, upload: Upload) -> SourceBytes | None:
        """The source as its pieces; None if the store or SQL does not have them all."""
        pieces = await self._records.pieces(upload.id)
        if not pieces or pieces[-1].end != upload.length:
            return None
        source = upload.source(pieces)
        prefix = layout.source_prefix(upload.asset, upload.version)
        sizes = {stat.key: stat.size async for stat in self._store.list(prefix)}
        return source if all(sizes.get(piece.key) == piece.size for piece in source.pieces) else None

    async def _assembled(self, upload: Upload) -> SourceBytes | None:
        """The source as the one object that its parts become; None if the store does not have them all."""
        length, size = upload.length or 0, upload.part_bytes
        try:
            held = await self._multipart.parts(upload.assembled, upload.store_id)
            if missing_parts(length, size, held):
                return None
            parts = [part for part in held if part.number <= part_count(length, size)]
            stat = await self._multipart.complete(upload.assembled, upload.store_id, parts)
        except PartsUnknown:
            # Somebody has completed it already: then the object is there.
            found = await self._store.head(upload.assembled)
            if found is None:
                return None
            stat = found
        if stat.size != length:
            return None
        piece = Piece(key=upload.assembled, start=0, size=length)
        return SourceBytes(pieces=(piece,), length=length, whole=True)

    async def _in_use(self, upload: Upload) -> bool:
        try:
            return (await self._catalogue.get(upload.asset)).has_source(upload.version)
        except NotFound:
            return False
