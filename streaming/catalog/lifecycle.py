"""What happens to an asset by itself: its source arrives, it becomes playable, ready or failed, its media are swept.

Uploads and the reconciler call these, from any process and more than once: a step that was taken already is no error.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import anyio
from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from infra.errors import CacheUnavailable, EngineUnavailable
from infra.sql import reading, transaction
from manifests.layout import is_name
from streaming.catalog import former
from streaming.catalog.content import Content, checked
from streaming.catalog.errors import AssetNotFound, IllegalTransition, UploadSuperseded
from streaming.catalog.model import ENCODING, VIEWABLE, Asset, AssetState, EditorialState
from streaming.catalog.rows import NO_REPLACEMENT, asset_of, content_columns, replacement_of, write_terms
from streaming.catalog.tables import assets
from streaming.clock import utc_now
from transcoder.failures import failure
from transcoder.profile import DEFAULT_NAME
from transcoder.windows import are_of, grow_task, index_task

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from infra.ports import Cache, JobEngine
    from manifests.layout import AssetId
    from streaming.clock import Clock
    from transcoder.plan import Plan

log: Final = logging.getLogger("channel.catalogue")

CANCELLED: Final = failure("cancelled")
_STOPPED_S: Final = 3.0
"""Longer than a worker that lives takes to hear of a cancellation and to end its processes."""
_LOOK_S: Final = 0.1
NO_FAILURE: Final = {"failure_code": None, "failure_message": None, "failure_cause": None}


def changes_channel(asset: AssetId) -> str:
    """Wake-up channel of one catalogue row: what it says has changed (the transcoder's own are in its signals.py)."""
    return f"channel:asset:{asset}:row"


class Lifecycle:
    """The asset life of the rows. Part of `Catalogue`."""

    def __init__(self, *, sql: AsyncEngine, cache: Cache, jobs: JobEngine, clock: Clock = utc_now) -> None:
        self._sql = sql
        self._cache = cache
        self._jobs = jobs
        self._clock = clock

    async def get(self, asset_id: AssetId) -> Asset:
        async with reading(self._sql) as connection:
            return asset_of(await self._row(connection, asset_id))

    async def begin_upload(self, asset_id: AssetId, *, profile: str = DEFAULT_NAME) -> int:
        """A source begins to come; returns the version to write it under, a new one each time.

        Of several uploads to an asset that has nothing to play the first that arrives is used. Where something plays
        it is to be replaced (replacing.py), and the upload that began last is used. Raises IllegalTransition between.
        """
        async with transaction(self._sql) as connection:
            row = await self._locked(connection, asset_id)
            state, version = AssetState(row.state), row.last_version + 1
            if state in VIEWABLE:
                values = {**NO_REPLACEMENT, "next_version": version, "next_state": AssetState.UPLOADING.value}
            elif state is AssetState.UPLOADING or AssetState.UPLOADING in state.following:
                values = {**NO_REPLACEMENT, "state": AssetState.UPLOADING.value, **NO_FAILURE}
            else:
                raise IllegalTransition(state=state, wanted=AssetState.UPLOADING, allowed=state.following)
            if row.next_version is not None:
                await former.note(connection, row.number, row.next_version, played=False, since=self._clock())
            await self._change(connection, row, {**values, "last_version": version, "profile": profile})
        if row.next_version is not None:
            await self._stop_tasks(asset_id, version=row.next_version)
        await self._announce(asset_id)
        return int(version)

    async def source_arriving(self, asset_id: AssetId, *, version: int) -> None:
        """Bytes of a source can be read: have somebody make of them what can be made. A hint, so it may be told often.

        Raises AssetNotFound, UploadSuperseded.
        """
        asset = await self.get(asset_id)
        coming = asset.replacement
        is_replacing = coming is not None and (coming.version, coming.state) == (version, AssetState.UPLOADING)
        if asset.state in VIEWABLE and not (is_replacing or asset.has_source(version)):
            raise UploadSuperseded
        if asset.state is AssetState.UPLOADING or is_replacing:
            try:
                await self._jobs.enqueue(grow_task(asset_id, version, tenant=asset.created_by))
            except EngineUnavailable:
                log.warning("nobody follows an upload, for want of the job engine", extra={"asset": asset_id})

    async def source_given_up(self, asset_id: AssetId, *, version: int) -> None:
        """A source stops coming: what is made of its bytes stops too, before this returns, unless a worker hangs."""
        try:
            await self._jobs.cancel(asset_id, version=version)
            # Whoever sweeps next is to find what they write last.
            with anyio.move_on_after(_STOPPED_S):
                while are_of(await self._jobs.pending(asset_id), version):  # noqa: ASYNC110 (the queue lies in Redis)
                    await anyio.sleep(_LOOK_S)
        except EngineUnavailable:
            log.warning("the tasks of a source could not be cancelled", extra={"asset": asset_id})

    async def source_arrived(self, asset_id: AssetId, *, version: int, size: int, filename: str) -> Asset:
        """The whole source (`size` bytes) lies under `version`: index it. Raises UploadSuperseded."""
        async with transaction(self._sql) as connection:
            row = await self._locked(connection, asset_id)
            state = AssetState(row.state)
            coming = replacement_of(row)
            if row.version == version:
                asset = asset_of(row)
            elif coming is not None and coming.version == version and coming.state is not AssetState.FAILED:
                values = {"next_size": size, "next_filename": _shown(filename)}
                if coming.state is AssetState.UPLOADING:
                    values["next_state"] = AssetState.INDEXING.value
                asset = await self._change(connection, row, values)
            elif AssetState.INDEXING in state.following and row.version < version <= row.last_version:
                values = {
                    "state": AssetState.INDEXING.value, "version": version, **NO_FAILURE,
                    "source_size": size, "source_filename": _shown(filename),
                    "growing": version if row.growing == version else None,
                }  # fmt: skip
                asset = await self._change(connection, row, values)
            else:
                raise UploadSuperseded
        state = asset.state if asset.replacement is None or asset.version == version else asset.replacement.state
        if state is AssetState.INDEXING:
            try:
                await self._jobs.enqueue(index_task(asset_id, version, tenant=asset.created_by))
            except EngineUnavailable:
                log.warning("queued by the reconciler, for want of the job engine", extra={"asset": asset_id})
        await self._announce(asset_id)
        return asset

    async def recorded(
        self, asset_id: AssetId, plan: Plan, *, titles: Mapping[str, str], size: int, profile: str, created_by: str
    ) -> None:  # fmt: skip
        """A draft of which all is in the bucket from the start, source and plan: what was live. Where there is, or was,
        such an asset nothing happens. Raises InvalidField."""
        content = checked(Content(titles=dict(titles), default_language=next(iter(titles))))
        now = self._clock()
        values = {
            "id": asset_id, "state": AssetState.INDEXING.value, "editorial": EditorialState.DRAFT.value,
            "version": plan.version, "last_version": plan.version, "captions": 0,
            "encryption": plan.encryption.value, "revision": 1, "profile": profile, "created_by": created_by,
            "created_at": now, "updated_at": now, "source_size": size, **content_columns(content),
        }  # fmt: skip
        try:
            async with transaction(self._sql) as connection:
                row = (await connection.execute(insert(assets).values(values).returning(assets))).one()
                await write_terms(connection, row.number, content)
        except IntegrityError:
            log.info("it was recorded before", extra={"asset": asset_id})
        with suppress(AssetNotFound, IllegalTransition):
            await self.playable(asset_id, plan)
            await self._jobs.enqueue(index_task(asset_id, plan.version, tenant=created_by))

    async def upload_abandoned(self, asset_id: AssetId, *, version: int | None = None) -> None:
        """No source (of this version) will come, unless another upload brings one; an asset that has one, or is gone,
        is left alone."""
        try:
            async with transaction(self._sql) as connection:
                row = await self._locked(connection, asset_id)
                coming = replacement_of(row)
                if coming is not None and coming.state is AssetState.UPLOADING and version in (None, coming.version):
                    await former.note(connection, row.number, coming.version, played=False, since=self._clock())
                    await self._change(connection, row, NO_REPLACEMENT)
                elif AssetState(row.state) is AssetState.UPLOADING:
                    await self._change(connection, row, {"state": AssetState.CREATED.value, "growing": None})
                else:
                    return
        except AssetNotFound:
            return
        await self._announce(asset_id)

    async def growing(self, asset_id: AssetId, plan: Plan) -> Asset:
        """What has arrived of a source can be played. Of several sources the first that can be is."""
        async with transaction(self._sql) as connection:
            row = await self._locked(connection, asset_id)
            coming = AssetState(row.state) is AssetState.UPLOADING and plan.version <= row.last_version
            if not coming or row.growing is not None or plan.video is None:
                return asset_of(row)
            values = {
                "growing": plan.version, "width": plan.video.width, "height": plan.video.height,
                "encryption": plan.encryption.value,
            }  # fmt: skip
            asset = await self._change(connection, row, values)
        log.info("asset plays while it arrives", extra={"asset": asset_id, "version": plan.version})
        await self._announce(asset_id)
        return asset

    async def arriving(self) -> list[Asset]:
        """Assets whose source arrives, and that cannot be played yet."""
        mine = (assets.c.state == AssetState.UPLOADING.value, assets.c.growing.is_(None), assets.c.deleted_at.is_(None))
        async with reading(self._sql) as connection:
            return [asset_of(row) for row in await connection.execute(select(assets).where(*mine))]

    async def playable(self, asset_id: AssetId, plan: Plan) -> Asset:
        """There is a plan. One of an older source is ignored. Raises IllegalTransition."""
        video = plan.video
        return await self._move(
            asset_id, AssetState.PLAYABLE, past=VIEWABLE, version=plan.version, duration_s=float(plan.duration),
            width=None if video is None else video.width, height=None if video is None else video.height,
            encryption=plan.encryption.value,
        )  # fmt: skip

    async def ready(self, asset_id: AssetId, *, version: int | None = None, resounded: bool = False) -> Asset:
        """Every object is in the bucket; `resounded`: some of its sound twice, at two levels. Raises
        IllegalTransition."""
        return await self._move(
            asset_id, AssetState.READY, past=frozenset({AssetState.READY}), version=version, resounded=resounded
        )  # fmt: skip

    async def failed(
        self, asset_id: AssetId, code: str, message: str, cause: str = "", *, version: int | None = None
    ) -> Asset:
        """It cannot be made. The first reason stays. Raises IllegalTransition."""
        return await self._move(
            asset_id, AssetState.FAILED, past=frozenset({AssetState.FAILED}), version=version,
            failure_code=code, failure_message=message, failure_cause=cause,
        )  # fmt: skip

    async def unfinished(self) -> list[Asset]:
        """Assets that the transcoder has work for, themselves or what is to replace them, oldest first."""
        wanted = sorted(state.value for state in ENCODING)
        working = or_(assets.c.state.in_(wanted), assets.c.next_state.in_(wanted))
        query = select(assets).where(working, assets.c.deleted_at.is_(None))
        async with reading(self._sql) as connection:
            return [asset_of(row) for row in await connection.execute(query.order_by(assets.c.number))]

    async def uploading_since(self, before: datetime) -> list[Asset]:
        """Assets that wait for a source and have not changed since before then."""
        coming = or_(assets.c.state == AssetState.UPLOADING.value, assets.c.next_state == AssetState.UPLOADING.value)
        mine = (coming, assets.c.updated_at < before)
        async with reading(self._sql) as connection:
            rows = await connection.execute(select(assets).where(*mine, assets.c.deleted_at.is_(None)))
            return [asset_of(row) for row in rows]

    async def tombstones(self) -> list[Asset]:
        """Deleted assets whose media are still to be swept, oldest deletion first."""
        query = select(assets).where(assets.c.deleted_at <= self._clock())
        query = query.order_by(assets.c.deleted_at, assets.c.number)
        async with reading(self._sql) as connection:
            return [asset_of(row) for row in await connection.execute(query)]

    async def cancelled(self, since: datetime) -> list[Asset]:
        """Assets whose encode was cancelled since then, and that wait for another source."""
        mine = (assets.c.state == AssetState.FAILED.value, assets.c.failure_code == CANCELLED.code)
        query = select(assets).where(*mine, assets.c.updated_at >= since, assets.c.deleted_at.is_(None))
        async with reading(self._sql) as connection:
            return [asset_of(row) for row in await connection.execute(query)]

    async def swept(self, asset_id: AssetId) -> None:
        """Nothing of a deleted asset is left in the bucket: forget it. One that is not deleted is left alone."""
        async with transaction(self._sql) as connection:
            await connection.execute(
                delete(assets).where(assets.c.id == asset_id, assets.c.deleted_at.is_not(None))
            )  # fmt: skip

    async def _move(
        self, asset_id: AssetId, wanted: AssetState, *, past: frozenset[AssetState], version: int | None,
        resounded: bool = False, **values: Any,
    ) -> Asset:  # fmt: skip
        async with transaction(self._sql) as connection:
            row = await self._locked(connection, asset_id)
            state = AssetState(row.state)
            if state in past or (version is not None and version != row.version):
                return asset_of(row)
            if wanted not in state.following:
                raise IllegalTransition(state=state, wanted=wanted, allowed=state.following)
            asset = await self._change(connection, row, {"state": wanted.value, "growing": None, **values})
            if resounded:
                await former.note_sound(connection, row.number, row.version, since=self._clock())
        log.info("asset is %s", wanted.value, extra={"asset": asset_id, "version": row.version})
        await self._announce(asset_id)
        return asset

    async def _row(self, connection: AsyncConnection, asset_id: AssetId, *, lock: bool = False) -> Row[Any]:
        # What can be no id never reaches the database: it might hold bytes that PostgreSQL refuses.
        if not is_name(asset_id):
            raise AssetNotFound
        query = select(assets).where(assets.c.id == asset_id, assets.c.deleted_at.is_(None))
        row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
        if row is None:
            raise AssetNotFound
        return row

    async def _locked(self, connection: AsyncConnection, asset_id: AssetId) -> Row[Any]:
        """The row, ours until the transaction ends (SQLite locks the whole database instead, by BEGIN IMMEDIATE)."""
        return await self._row(connection, asset_id, lock=True)

    async def _change(self, connection: AsyncConnection, row: Row[Any], values: dict[str, Any]) -> Asset:
        statement = update(assets).where(assets.c.number == row.number)
        changed = await connection.execute(statement.values(updated_at=self._clock(), **values).returning(assets))
        return asset_of(changed.one())

    async def _stop_tasks(self, asset_id: AssetId, *, version: int | None = None) -> None:
        try:
            await self._jobs.cancel(asset_id, version=version)
        except EngineUnavailable:
            # The sweep cancels once more, and a task finds no source to work on.
            log.warning("tasks that nobody wants any more could not be cancelled yet", extra={"asset": asset_id})

    async def _announce(self, asset_id: AssetId) -> None:
        """Wake whoever watches the row. It is no more than a wake-up: watchers also look by themselves."""
        try:
            await self._cache.publish(changes_channel(asset_id), b"")
        except CacheUnavailable:
            log.warning("nobody could be woken, for want of Redis", extra={"asset": asset_id})


def _shown(filename: str) -> str | None:
    """A client's file name as it is shown: its last part, printable, of bounded length."""
    name = filename.replace("\\", "/").rpartition("/")[2]
    clean = "".join(char for char in name if char.isprintable()).strip()
    return clean[:255] or None
