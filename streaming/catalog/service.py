"""The catalogue: what editors do with assets. What happens to an asset by itself is in `lifecycle.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import insert

from infra.sql import reading, transaction
from streaming.catalog.content import Content, checked, merge_patch
from streaming.catalog.errors import EditConflict, IllegalTransition
from streaming.catalog.lifecycle import CANCELLED
from streaming.catalog.listing import ListQuery, Page, cursor_of, list_statement, prepare_search
from streaming.catalog.model import Asset, AssetState, EditorialState, new_asset_id
from streaming.catalog.promises import KEPT_WITHIN, Promises
from streaming.catalog.rows import asset_of, content_columns, content_of, write_terms
from streaming.catalog.tables import assets
from streaming.http.body import convert
from transcoder.profile import DEFAULT_NAME, Encryption

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sqlalchemy import Row

    from manifests.layout import AssetId


class Catalogue(Promises):
    """Assets in SQL. Every change is one transaction on a locked row, so any number of processes may make them.

    Raises AssetNotFound for ids that are unknown or deleted, and DatabaseUnavailable.
    """

    async def create(
        self,
        *,
        titles: Mapping[str, str],
        default_language: str = "en",
        descriptions: Mapping[str, str] | None = None,
        tags: Iterable[str] = (),
        sport: str | None = None,
        discipline: str | None = None,
        created_by: str,
        profile: str = DEFAULT_NAME,
        promised: int = 0,
    ) -> Asset:
        """A new draft without a source; or the promise of one (promises.py), with so many versions at the most.

        Raises InvalidField.
        """
        content = checked(
            Content(
                titles=dict(titles),
                default_language=default_language,
                descriptions=dict(descriptions or {}),
                tags=tuple(tags),
                sport=sport,
                discipline=discipline,
            )
        )
        now = self._clock()
        values = {
            "id": new_asset_id(),
            "state": AssetState.CREATED.value,
            "editorial": EditorialState.DRAFT.value,
            "version": 0,
            "last_version": promised,
            "captions": 0,
            "encryption": Encryption.NONE.value,
            "revision": 1,
            "profile": profile,
            "created_by": created_by,
            "created_at": now,
            "updated_at": now,
            "deleted_at": now + KEPT_WITHIN if promised else None,
            **content_columns(content),
        }
        async with transaction(self._sql) as connection:
            row = (await connection.execute(insert(assets).values(values).returning(assets))).one()
            await write_terms(connection, row.number, content)
        return asset_of(row)

    async def list(self, query: ListQuery) -> Page:
        """One page, newest first. Raises BadQuery."""
        async with reading(self._sql) as connection:
            full_text = query.q is not None and await prepare_search(connection)
            statement = list_statement(query, dialect=connection.dialect.name, full_text=full_text)
            rows = (await connection.execute(statement)).all()
        shown = rows[: query.limit]
        more = len(rows) > len(shown)
        return Page(
            assets=tuple(asset_of(row) for row in shown), next_cursor=cursor_of(shown[-1].number) if more else None
        )

    async def edit(
        self, asset_id: AssetId, patch: Mapping[str, Any], *, revisions: Collection[int] | None = None
    ) -> Asset:
        """Merge a patch (RFC 7396) into the content; `revisions` are those that it was made for (None: any).

        Raises EditConflict, InvalidField.
        """
        async with transaction(self._sql) as connection:
            row = await self._locked(connection, asset_id)
            _check_revision(row, revisions)
            merged = merge_patch(msgspec.to_builtins(content_of(asset_of(row))), patch)
            content = checked(convert(merged, Content))
            if content == content_of(asset_of(row)):
                return asset_of(row)
            changed = await self._change(
                connection, row, {**content_columns(content), "revision": row.revision + 1}
            )  # fmt: skip
            await write_terms(connection, row.number, content)
        await self._announce(asset_id)
        return changed

    async def publish(self, asset_id: AssetId, *, revisions: Collection[int] | None = None) -> Asset:
        """Show it to everybody. Raises IllegalTransition, EditConflict."""
        return await self._editorial(asset_id, EditorialState.PUBLISHED, revisions, published_at=self._clock())

    async def unpublish(self, asset_id: AssetId, *, revisions: Collection[int] | None = None) -> Asset:
        """Take it back from the public; it can be published again. Raises IllegalTransition, EditConflict."""
        return await self._editorial(asset_id, EditorialState.UNPUBLISHED, revisions)

    async def take_down(self, asset_id: AssetId, *, revisions: Collection[int] | None = None) -> Asset:
        """Take it away for good. Raises IllegalTransition, EditConflict."""
        return await self._editorial(asset_id, EditorialState.TAKEN_DOWN, revisions)

    async def delete(self, asset_id: AssetId, *, revisions: Collection[int] | None = None) -> None:
        """Gone for everybody at once; the row stays as a tombstone until its media are swept. Raises EditConflict."""
        async with transaction(self._sql) as connection:
            row = await self._locked(connection, asset_id)
            _check_revision(row, revisions)
            await self._change(connection, row, {"deleted_at": self._clock(), "revision": row.revision + 1})
        await self._stop_tasks(asset_id)
        await self._announce(asset_id)

    async def cancel(self, asset_id: AssetId) -> Asset:
        """Stop the encode: the asset has failed, its media are swept, and another source may be uploaded.

        One that has failed already stays as it is. Raises IllegalTransition when nothing is being encoded.
        """
        asset = await self.failed(asset_id, CANCELLED.code, CANCELLED.message)
        await self._stop_tasks(asset_id, version=asset.version)
        return asset

    async def _editorial(
        self, asset_id: AssetId, wanted: EditorialState, revisions: Collection[int] | None, **values: Any
    ) -> Asset:
        async with transaction(self._sql) as connection:
            row = await self._locked(connection, asset_id)
            _check_revision(row, revisions)
            state = EditorialState(row.editorial)
            if state is wanted:
                return asset_of(row)
            if wanted not in state.following:
                raise IllegalTransition(state=state, wanted=wanted, allowed=state.following)
            changed = await self._change(
                connection, row, {"editorial": wanted.value, "revision": row.revision + 1, **values}
            )
        await self._announce(asset_id)
        return changed


def _check_revision(row: Row[Any], accepted: Collection[int] | None) -> None:
    if accepted is not None and row.revision not in accepted:
        raise EditConflict(revision=row.revision)
