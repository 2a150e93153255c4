"""What the uploads need from the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from manifests.layout import AssetId
    from streaming.catalog.model import Asset


class UploadCatalogue(Protocol):
    """The part of `streaming.catalog.service.Catalogue` that takes part in uploads."""

    async def create(
        self, *, titles: Mapping[str, str], default_language: str = "en", created_by: str, profile: str
    ) -> Asset: ...

    async def get(self, asset_id: AssetId) -> Asset:
        """Raises AssetNotFound."""
        ...

    async def begin_upload(self, asset_id: AssetId, *, profile: str) -> int:
        """The version under which the source is written: a new one for each upload. Raises IllegalTransition."""
        ...

    async def source_arriving(self, asset_id: AssetId, *, version: int) -> None:
        """Bytes of the source can be read; telling it often is no harm. Raises AssetNotFound, UploadSuperseded."""
        ...

    async def source_given_up(self, asset_id: AssetId, *, version: int) -> None:
        """No more bytes of a source come: what works on them stops."""
        ...

    async def source_arrived(self, asset_id: AssetId, *, version: int, size: int, filename: str) -> Asset:
        """The source is in the bucket; telling it twice changes nothing. Raises AssetNotFound, UploadSuperseded."""
        ...

    async def upload_abandoned(self, asset_id: AssetId, *, version: int | None = None) -> None: ...

    async def uploading_since(self, before: datetime) -> list[Asset]:
        """Assets that wait for a source and have not changed since before then."""
        ...

    async def publish(self, asset_id: AssetId) -> Asset: ...
