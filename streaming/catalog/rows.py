"""Rows of the catalogue to assets, and content to rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, insert

from manifests.layout import AssetId
from streaming.catalog.content import Content, folded
from streaming.catalog.model import Asset, AssetState, EditorialState, Replacement
from streaming.catalog.tables import asset_terms
from transcoder.facts import Failure
from transcoder.profile import Encryption

if TYPE_CHECKING:
    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

TAG = "tag"
LANGUAGE = "language"

NO_REPLACEMENT: Final = {
    "next_version": None, "next_state": None, "next_filename": None, "next_size": None,
    "next_failure_code": None, "next_failure_message": None, "next_failure_cause": None,
}  # fmt: skip


def replacement_of(row: Row[Any]) -> Replacement | None:
    """What is on its way to replace the asset of this row."""
    if row.next_version is None:
        return None
    return Replacement(
        version=row.next_version, state=AssetState(row.next_state), source_filename=row.next_filename,
        source_size=row.next_size,
        failure=_failure(row.next_failure_code, row.next_failure_message, row.next_failure_cause),
    )  # fmt: skip


def _failure(code: str | None, message: str | None, cause: str | None) -> Failure | None:
    return None if code is None else Failure(code=code, message=message or "", cause=cause or "")


def asset_of(row: Row[Any]) -> Asset:
    """The asset that a whole row of `assets` holds."""
    return Asset(
        id=AssetId(row.id),
        state=AssetState(row.state),
        editorial=EditorialState(row.editorial),
        version=row.version,
        last_version=row.last_version,
        growing=row.growing,
        captions=row.captions,
        replacement=replacement_of(row),
        revision=row.revision,
        titles=row.titles,
        default_language=row.default_language,
        descriptions=row.descriptions,
        tags=tuple(row.tags),
        sport=row.sport,
        discipline=row.discipline,
        duration_s=row.duration_s,
        width=row.width,
        height=row.height,
        encryption=Encryption(row.encryption),
        source_filename=row.source_filename,
        source_size=row.source_size,
        profile=row.profile,
        failure=_failure(row.failure_code, row.failure_message, row.failure_cause),
        created_by=row.created_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
        published_at=row.published_at,
    )


def content_of(asset: Asset) -> Content:
    """The editable part of an asset."""
    return Content(
        titles=dict(asset.titles),
        default_language=asset.default_language,
        descriptions=dict(asset.descriptions),
        tags=asset.tags,
        sport=asset.sport,
        discipline=asset.discipline,
    )


def content_columns(content: Content) -> dict[str, Any]:
    """Column values of checked content."""
    return {
        "titles": content.titles,
        "default_language": content.default_language,
        "descriptions": content.descriptions,
        "tags": list(content.tags),
        "sport": content.sport,
        "discipline": content.discipline,
        "search_text": "\n".join(folded(title) for title in content.titles.values()),
    }


async def write_terms(connection: AsyncConnection, number: int, content: Content) -> None:
    """Replace the terms that an asset is filtered by."""
    await connection.execute(delete(asset_terms).where(asset_terms.c.asset == number))
    terms = [(TAG, tag) for tag in content.tags] + [(LANGUAGE, language) for language in content.titles]
    await connection.execute(
        insert(asset_terms), [{"kind": kind, "term": term, "asset": number} for kind, term in terms]
    )
