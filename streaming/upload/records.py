"""Uploads in SQL. Changes by a writer are conditional on its epoch, so only the latest writer can change anything."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from infra.sql import reading, transaction
from manifests.layout import AssetId, UploadId
from streaming.upload.errors import WriterReplaced
from streaming.upload.model import Piece, Upload, UploadKind, UploadProgress, UploadState
from streaming.upload.tables import upload_pieces, uploads

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


def _upload(row: Row[Any]) -> Upload:
    values = dict(row._mapping)
    values["kind"] = UploadKind(values["kind"])
    values["state"] = UploadState(values["state"])
    return Upload(**values)


class UploadRecords:
    """The rows of uploads and of their pieces."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def insert(self, upload: Upload) -> None:
        async with transaction(self._engine) as connection:
            await connection.execute(insert(uploads).values(**asdict(upload)))

    async def get(self, upload: UploadId) -> Upload | None:
        async with reading(self._engine) as connection:
            row = (await connection.execute(select(uploads).where(uploads.c.id == upload))).one_or_none()
        return None if row is None else _upload(row)

    async def pieces(self, upload: UploadId) -> tuple[Piece, ...]:
        """End to end, from byte 0 to the offset."""
        wanted = select(upload_pieces).where(upload_pieces.c.upload == upload).order_by(upload_pieces.c.start)
        async with reading(self._engine) as connection:
            rows = (await connection.execute(wanted)).all()
        return tuple(Piece(start=row.start, size=row.size, epoch=row.epoch) for row in rows)

    async def claim(self, upload: Upload) -> Upload:
        """Become the writer. Raises WriterReplaced if somebody else did since `upload` was read."""
        claimed = upload.claimed()
        await self.change(upload, epoch=claimed.epoch, writing=claimed.writing)
        return claimed

    async def fence(self, upload: UploadId) -> bool:
        """Turn every writer away, whoever writes; False if the upload is closed already."""
        fencing = (
            update(uploads)
            .where(uploads.c.id == upload, uploads.c.state == UploadState.OPEN)
            .values(epoch=uploads.c.epoch + 1)
        )
        async with transaction(self._engine) as connection:
            return (await connection.execute(fencing)).rowcount == 1

    async def change(self, upload: Upload, **values: Any) -> None:
        """Set columns, as the writer that `upload` names. Raises WriterReplaced."""
        async with transaction(self._engine) as connection:
            await self._change(connection, upload, **values)

    async def commit(self, upload: Upload, added: Sequence[Piece], *, replaced_from: int) -> None:
        """Write the upload's present values and its new pieces, in place of those that start at `replaced_from` or
        behind. Raises WriterReplaced, having changed nothing."""
        async with transaction(self._engine) as connection:
            await self._change(
                connection, upload, offset=upload.offset, length=upload.length, writing=upload.writing,
                updated_at=upload.updated_at, expires_at=upload.expires_at,
            )  # fmt: skip
            mine = upload_pieces.c.upload == upload.id
            await connection.execute(delete(upload_pieces).where(mine, upload_pieces.c.start >= replaced_from))
            if added:
                rows = [{"upload": upload.id, **asdict(piece)} for piece in added]
                await connection.execute(insert(upload_pieces), rows)

    async def end(self, upload: Upload, state: UploadState, now: datetime) -> bool:
        """Close for good, whoever writes; False if it was closed already. The pieces are forgotten."""
        closing = (
            update(uploads)
            .where(uploads.c.id == upload.id, uploads.c.state == UploadState.OPEN)
            .values(state=state, writing=False, updated_at=now, epoch=uploads.c.epoch + 1)
        )
        async with transaction(self._engine) as connection:
            changed = (await connection.execute(closing)).rowcount
            await connection.execute(delete(upload_pieces).where(upload_pieces.c.upload == upload.id))
        return changed == 1

    async def open_ones(self, after: UploadId, limit: int) -> tuple[Upload, ...]:
        """Open uploads in the order of their ids."""
        wanted = (
            select(uploads)
            .where(uploads.c.state == UploadState.OPEN, uploads.c.id > after)
            .order_by(uploads.c.id)
            .limit(limit)
        )
        async with reading(self._engine) as connection:
            return tuple(_upload(row) for row in (await connection.execute(wanted)).all())

    async def ended_since(self, after: datetime) -> tuple[Upload, ...]:
        """Uploads that ended after then."""
        wanted = select(uploads).where(uploads.c.state != UploadState.OPEN, uploads.c.updated_at > after)
        async with reading(self._engine) as connection:
            return tuple(_upload(row) for row in (await connection.execute(wanted)).all())

    async def forget(self, before: datetime) -> int:
        """Drop the rows of uploads that have been over since before then."""
        old = delete(uploads).where(uploads.c.state != UploadState.OPEN, uploads.c.updated_at < before)
        async with transaction(self._engine) as connection:
            return int((await connection.execute(old)).rowcount)

    async def progress(self, asset: AssetId) -> UploadProgress | None:
        """The latest open upload of an asset."""
        wanted = (
            select(uploads.c.id, uploads.c.offset, uploads.c.length)
            .where(uploads.c.asset == asset, uploads.c.state == UploadState.OPEN)
            .order_by(uploads.c.version.desc())
            .limit(1)
        )
        async with reading(self._engine) as connection:
            row = (await connection.execute(wanted)).one_or_none()
        return None if row is None else UploadProgress(upload=UploadId(row.id), offset=row.offset, length=row.length)

    async def _change(self, connection: AsyncConnection, upload: Upload, **values: Any) -> None:
        changing = (
            update(uploads)
            .where(uploads.c.id == upload.id, uploads.c.epoch == upload.epoch, uploads.c.state == UploadState.OPEN)
            .values(**values)
        )
        if (await connection.execute(changing)).rowcount != 1:
            raise WriterReplaced
