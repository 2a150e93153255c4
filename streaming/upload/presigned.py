"""Presigned S3 multipart uploads: the browser PUTs the parts straight into the bucket; we sign, look and complete."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from infra.errors import UploadNotFound as PartsUnknown
from manifests.layout import AssetId, UploadId
from streaming.upload.errors import NoSuchPart, PartsMissing, UploadGone, WriterReplaced
from streaming.upload.model import (
    NewUpload,
    Upload,
    UploadKind,
    UploadState,
    missing_parts,
    part_count,
    part_length,
)

if TYPE_CHECKING:
    from infra.ports import Part
    from streaming.upload.service import Uploads

_URL_LIFETIME: Final = timedelta(hours=6)
"""Long enough for a part on a slow line; signature v4 allows seven days at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PresignedUpload:
    """A multipart upload as its client sees it. Sizes in bytes; parts are numbered from 1, the last may be shorter."""

    id: UploadId
    asset: AssetId
    size: int
    part_size: int
    part_count: int
    state: UploadState
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PresignedPart:
    """Where to PUT bytes [offset, offset + size) of the file, without further headers, until `expires_at`."""

    number: int
    offset: int
    size: int
    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldParts:
    """What the store holds, for a client that resumes: `missing` are the numbers that it still has to PUT."""

    upload: PresignedUpload
    held: tuple[int, ...]
    missing: tuple[int, ...]


class PresignedUploads:
    """The presigned way into the bucket."""

    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads
        self._records = uploads.records
        self._multipart = uploads.multipart

    async def begin(self, new: NewUpload, *, created_by: str) -> PresignedUpload:
        upload = await self._uploads.begin(new, kind=UploadKind.PRESIGNED, created_by=created_by)
        upload = await self._records.claim(upload)
        store_id = await self._multipart.begin(upload.assembled, content_type=upload.content_type)
        await self._records.change(upload, store_id=store_id, writing=False)
        return _view(upload)

    async def sign(self, upload_id: UploadId, numbers: tuple[int, ...]) -> tuple[PresignedPart, ...]:
        """URLs of parts. Asking for them keeps the upload from expiring. Raises NoSuchPart."""
        upload = await self._open(upload_id)
        size, now = _size(upload), self._uploads.clock()
        count = part_count(size, upload.part_bytes)
        wrong = [number for number in numbers if not 1 <= number <= count]
        if wrong or not numbers:
            raise NoSuchPart(f"This upload has the parts 1 to {count}.", part_count=count)
        await self._records.change(upload, updated_at=now, expires_at=now + self._uploads.settings.expires)
        return tuple(
            PresignedPart(
                number=number,
                offset=(number - 1) * upload.part_bytes,
                size=part_length(size, upload.part_bytes, number),
                url=self._multipart.presign_part(upload.assembled, upload.store_id, number, expires=_URL_LIFETIME),
                expires_at=now + _URL_LIFETIME,
            )
            for number in numbers
        )

    async def held(self, upload_id: UploadId) -> HeldParts:
        upload = await self._uploads.find(upload_id, UploadKind.PRESIGNED)
        everything = range(1, part_count(_size(upload), upload.part_bytes) + 1)
        missing: tuple[int, ...] = ()
        if upload.state is UploadState.OPEN and not upload.whole:
            missing = missing_parts(_size(upload), upload.part_bytes, await self._parts(upload))
        gaps = set(missing)
        return HeldParts(upload=_view(upload), held=tuple(n for n in everything if n not in gaps), missing=missing)

    async def complete(self, upload_id: UploadId) -> PresignedUpload:
        """Make the source out of the parts; again is harmless. Raises PartsMissing unless every byte is there."""
        upload = await self._uploads.find(upload_id, UploadKind.PRESIGNED)
        if upload.state is UploadState.OPEN:
            try:
                whole = upload if upload.whole else await self._accept(upload)
                upload = await self._uploads.finisher.finish(whole)
            except (UploadGone, WriterReplaced):
                # A second click, or the sweeper, may have been faster; half way, its parts are not parts any more.
                latest = await self._records.get(upload_id)
                if latest is None or not latest.whole or latest.state not in (UploadState.OPEN, UploadState.DONE):
                    raise
                upload = latest if latest.state is UploadState.DONE else await self._uploads.finisher.finish(latest)
        return _view(upload)

    async def _accept(self, upload: Upload) -> Upload:
        """Write down that all parts are there, so that whoever comes next can complete it."""
        size = _size(upload)
        held = await self._parts(upload)
        missing = missing_parts(size, upload.part_bytes, held)
        if missing:
            raise PartsMissing(missing=list(missing))
        whole = replace(upload, offset=size, updated_at=self._uploads.clock())
        await self._records.commit(whole, (), replaced_from=0)
        return whole

    async def _open(self, upload_id: UploadId) -> Upload:
        upload = await self._uploads.find(upload_id, UploadKind.PRESIGNED)
        if upload.state is not UploadState.OPEN:
            raise UploadGone("This upload is complete.")
        return upload

    async def _parts(self, upload: Upload) -> tuple[Part, ...]:
        try:
            return await self._multipart.parts(upload.assembled, upload.store_id)
        except PartsUnknown as exc:
            raise UploadGone("The store has lost this upload: begin it again.") from exc


def _size(upload: Upload) -> int:
    if upload.length is None:
        raise UploadGone
    return upload.length


def _view(upload: Upload) -> PresignedUpload:
    size = _size(upload)
    return PresignedUpload(
        id=upload.id,
        asset=upload.asset,
        size=size,
        part_size=upload.part_bytes,
        part_count=part_count(size, upload.part_bytes),
        state=upload.state,
        expires_at=upload.expires_at,
    )
