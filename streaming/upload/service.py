"""Uploads: begin, take bytes, finish, terminate, sweep. Any process may take any request of an upload.

SQL says where an upload stands, the store holds its bytes; both are written before a byte is acknowledged.
"""

from __future__ import annotations

import asyncio
import secrets
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from infra.errors import InfraError, ObjectNotFound
from manifests.layout import AssetId, UploadId
from streaming.catalog.errors import UploadSuperseded
from streaming.http.problem import ApiError, NotFound
from streaming.upload.announcer import Announcer
from streaming.upload.errors import (
    ChecksumMismatch,
    EmptyUpload,
    Interrupted,
    LongerThanDeclared,
    MalformedHeader,
    NotThisWay,
    SomebodyIsWriting,
    UploadGone,
    UploadNotFound,
    UploadTooLarge,
    WrongOffset,
)
from streaming.upload.finishing import Finisher
from streaming.upload.intake import Intake
from streaming.upload.model import (
    MOST_PARTS,
    NewUpload,
    Upload,
    UploadKind,
    UploadProgress,
    UploadState,
    part_bytes,
    piece_bytes,
)
from streaming.upload.records import UploadRecords
from streaming.upload.sweeper import UploadSweeper
from streaming.upload.turns import Turns
from transcoder.facts import write_profile
from transcoder.profile import Encryption

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from sqlalchemy.ext.asyncio import AsyncEngine

    from infra.ports import Cache, MultipartStore, ObjectStore
    from streaming.clock import Clock
    from streaming.profiles.folder import ProfileFolder
    from streaming.upload.digests import Digest
    from streaming.upload.incoming import Incoming
    from streaming.upload.ports import UploadCatalogue
    from streaming.upload.settings import UploadSettings
    from transcoder.encryption.key_store import KeyStore

_LISTENING: Final = timedelta(seconds=1)
"""What a look at an upload adds to `stall` for the writer to hear that somebody asks, and to end."""


class Uploads:
    """The upload service. One a process; it keeps nothing between requests."""

    def __init__(
        self,
        *,
        settings: UploadSettings,
        sql: AsyncEngine,
        store: ObjectStore,
        multipart: MultipartStore,
        cache: Cache,
        catalogue: UploadCatalogue,
        profiles: ProfileFolder,
        keys: KeyStore,
        clock: Clock,
    ) -> None:
        self.settings = settings
        self.records = UploadRecords(sql)
        self.multipart = multipart
        self.clock = clock
        self._store = store
        self._catalogue = catalogue
        self._profiles = profiles
        self._keys = keys
        self._turns = Turns(cache, settings)
        self._ending: set[asyncio.Task[Any]] = set()
        self._announcer = Announcer(records=self.records, store=store, cache=cache, catalogue=catalogue)
        self.finisher = Finisher(
            records=self.records, store=store, multipart=multipart, catalogue=catalogue, announcer=self._announcer,
            clock=clock,
        )  # fmt: skip
        self.sweeper = UploadSweeper(
            records=self.records, store=store, catalogue=catalogue, finisher=self.finisher, settings=settings,
            clock=clock,
        )  # fmt: skip

    # --- begin and look ---------------------------------------------------------------------------------------------

    async def begin(self, new: NewUpload, *, kind: UploadKind, created_by: str) -> Upload:
        """A new upload, and a new asset unless it names one.

        Raises EmptyUpload, UploadTooLarge, AssetNotFound, IllegalTransition, UnknownProfile, BrokenProfile.
        """
        self.check_length(new.length)
        if new.asset is None:
            profile = await self._profiles.chosen(new.profile, tenant=created_by)
            asset = (
                await self._catalogue.create(
                    titles=new.titles, default_language=new.language, created_by=created_by, profile=profile.name
                )
            ).id
        else:
            asset = new.asset
            known = await self._catalogue.get(asset)
            profile = await self._profiles.chosen(new.profile or known.profile, tenant=known.created_by)
        version = await self._catalogue.begin_upload(asset, profile=profile.name)
        if profile.encryption is not Encryption.NONE:
            await self._keys.make(asset, version)
        # Whatever becomes of its file: one asset is made by one profile, from its first byte on.
        await write_profile(self._store, asset, version, profile)
        now, smallest = self.clock(), self.settings.part_bytes
        presigned = kind is UploadKind.PRESIGNED
        upload = Upload(
            id=UploadId(secrets.token_urlsafe(18)),
            kind=kind,
            asset=asset,
            version=version,
            length=new.length,
            part_bytes=part_bytes(new.length, smallest, MOST_PARTS) if presigned else piece_bytes(new.length, smallest),
            filename=new.filename,
            content_type=new.content_type,
            metadata=new.metadata,
            publish=new.publish,
            created_by=created_by,
            created_at=now,
            updated_at=now,
            expires_at=now + self.settings.expires,
        )
        await self.records.insert(upload)
        return upload

    def check_length(self, length: int | None) -> None:
        """Raises EmptyUpload, UploadTooLarge."""
        if length == 0:
            raise EmptyUpload
        if length is not None and length > self.settings.max_bytes:
            raise UploadTooLarge(
                f"The file has {length} bytes; this server takes {self.settings.max_bytes} at most.",
                max_bytes=self.settings.max_bytes,
            )

    async def find(self, upload_id: UploadId, kind: UploadKind) -> Upload:
        """An upload that is open or done. Raises UploadNotFound, NotThisWay, UploadGone."""
        upload = await self.records.get(upload_id)
        if upload is None:
            raise UploadNotFound
        if upload.kind is not kind:
            raise NotThisWay
        if upload.state is UploadState.EXPIRED or (
            upload.state is UploadState.OPEN and upload.expires_at <= self.clock() and not upload.whole
        ):
            raise UploadGone("This upload expired: create a new one with POST /api/uploads.")
        if upload.state is UploadState.TERMINATED:
            raise UploadGone
        return upload

    async def status(self, upload_id: UploadId) -> Upload:
        """Where a tus upload stands. A writer that has gone silent is ended first, so that what it held counts; an
        upload that is whole but was never finished (its process died) is finished."""
        upload = await self.find(upload_id, UploadKind.TUS)
        if upload.state is UploadState.OPEN and (upload.writing or upload.whole):
            with suppress(SomebodyIsWriting):
                async with self._turns.taken(upload_id, patience=self.settings.stall + _LISTENING):
                    upload = await self.find(upload_id, UploadKind.TUS)
                    if upload.state is UploadState.OPEN and upload.whole:
                        upload = await self.finisher.finish(upload)
        return upload

    async def progress(self, asset: AssetId) -> UploadProgress | None:
        """How far the source of an asset has come; None if none is on its way."""
        return await self.records.progress(asset)

    # --- bytes ------------------------------------------------------------------------------------------------------

    async def append(
        self,
        upload_id: UploadId,
        body: Incoming,
        *,
        offset: int,
        body_length: int | None = None,
        length: int | None = None,
        checksum: Digest | None = None,
    ) -> Upload:
        """Take the bytes of one PATCH, that begin at `offset`; finish if they are the last.

        `body_length` as declared, None if it is not; `length` for an upload that did not know its own. With `checksum`
        the bytes count all or none. Raises what the name of each error in `errors.py` says, and the errors of `find`.
        """
        await self.find(upload_id, UploadKind.TUS)
        async with self._turns.taken(upload_id, body):
            upload = await self.find(upload_id, UploadKind.TUS)
            if offset != upload.offset:
                raise WrongOffset(offset=upload.offset, headers={"Upload-Offset": str(upload.offset)})
            length = self._agreed_length(upload, length)
            if body_length is not None and length is not None and offset + body_length > length:
                raise LongerThanDeclared(length=length, offset=upload.offset)
            if upload.state is UploadState.OPEN and not upload.whole:
                intake = await self._intake(upload, length=length, provisional=checksum is not None)
                upload = await self._take(intake, body, () if checksum is None else (checksum,))
            if upload.state is UploadState.OPEN and upload.whole:
                upload = await self.finisher.finish(upload)
            return upload

    async def put(self, new: NewUpload, body: Incoming, *, digests: Sequence[Digest], created_by: str) -> Upload:
        """A whole source in one request. A body that is cut short, or does not match its digests, leaves nothing.

        Raises ChecksumMismatch, Interrupted, and what `begin` raises.
        """
        upload = await self.begin(new, kind=UploadKind.PUT, created_by=created_by)
        try:
            intake = await self._intake(upload, length=new.length, provisional=bool(digests))
            upload = await self._take(intake, body, digests, whole=True)
        except BaseException:
            # Whatever this misses because a server does not answer, the sweeper finds.
            with suppress(InfraError):
                await self._to_the_end(self._give_up(upload))
            raise
        return await self.finisher.finish(upload)

    async def _intake(self, upload: Upload, *, length: int | None, provisional: bool) -> Intake:
        upload = await self.records.claim(upload)
        if length is not None and length != upload.length:
            size = piece_bytes(length, self.settings.part_bytes)
            await self.records.change(upload, length=length, part_bytes=size)
            upload = replace(upload, length=length, part_bytes=size)
        return Intake(
            upload,
            await self.records.pieces(upload.id),
            records=self.records,
            store=self._store,
            announcer=self._announcer,
            clock=self.clock,
            expires=self.settings.expires,
            provisional=provisional,
        )

    async def _take(self, intake: Intake, body: Incoming, digests: Sequence[Digest], *, whole: bool = False) -> Upload:
        """Let a body run into the intake. What has arrived when it breaks off counts, unless it has to be checked or
        must come `whole`."""
        keeps_all = not digests and not whole
        try:
            async for block in body.blocks(intake.due):
                for digest in digests:
                    digest.update(block)
                if intake.received + len(block) > self.settings.max_bytes:
                    self.check_length(intake.received + len(block))
                await intake.add(block)
            if whole and intake.received == 0:
                raise EmptyUpload
            if not all(digest.matches for digest in digests):
                raise ChecksumMismatch
            return await intake.close(length=intake.received if whole else None)
        except Interrupted:
            if keeps_all:
                await intake.close()
            else:
                await self._release(intake)
            raise
        except (NotFound, UploadSuperseded) as exc:
            await self.finisher.abandon(intake.upload, UploadState.TERMINATED)
            gone = isinstance(exc, NotFound)
            raise UploadGone("The asset of this upload was deleted." if gone else exc.detail) from exc
        except ApiError:
            await self._release(intake)
            raise
        except asyncio.CancelledError:
            # This process is asked to end. What it has read is stored.
            with suppress(ApiError):
                await self._to_the_end(intake.close() if keeps_all else self._release(intake))
            raise
        except ObjectNotFound as exc:
            # Whoever was replaced while he read finds what his successor has gathered: only the writer may say so.
            await self.finisher.abandon(await self.records.claim(intake.upload), UploadState.TERMINATED)
            raise UploadGone("The store has lost bytes of this upload: begin it again.") from exc

    def _agreed_length(self, upload: Upload, length: int | None) -> int | None:
        if length is None or length == upload.length:
            return upload.length
        if upload.length is not None:
            raise MalformedHeader("Upload-Length was set when the upload began and cannot change.")
        if length < upload.offset:
            raise LongerThanDeclared(f"Upload-Length {length} is less than the {upload.offset} bytes that are here.")
        self.check_length(length)
        return length

    async def _give_up(self, upload: Upload) -> None:
        await self.finisher.abandon(await self._latest(upload), UploadState.TERMINATED)

    async def _to_the_end(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do this even if the request is cancelled (again) meanwhile; `drain` waits for it."""
        task = asyncio.create_task(work)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        await asyncio.shield(task)

    async def drain(self) -> None:
        """Wait until what cancelled requests had in hand is stored: before the connections to the servers close."""
        if self._ending:
            await asyncio.wait(self._ending)
        await self._announcer.drain()

    async def _release(self, intake: Intake) -> None:
        await intake.discard()
        with suppress(Interrupted):
            await self.records.change(intake.upload, writing=False)

    async def _latest(self, upload: Upload) -> Upload:
        return await self.records.get(upload.id) or upload

    # --- ends -------------------------------------------------------------------------------------------------------

    async def terminate(self, upload_id: UploadId, kind: UploadKind) -> None:
        """Throw an upload away. One that is done stays done: its source belongs to the asset now.

        Raises the errors of `find`, SomebodyIsWriting.
        """
        await self.find(upload_id, kind)
        async with self._turns.taken(upload_id):
            upload = await self.find(upload_id, kind)
            if upload.state is UploadState.OPEN:
                await self.finisher.abandon(await self.records.claim(upload), UploadState.TERMINATED)
