"""Bring the servers to what this version needs: the bucket and the tables. May run any number of times."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.s3 import S3Store
from streaming.migrate import upgrade

if TYPE_CHECKING:
    from infra.settings import InfraSettings


async def prepare(settings: InfraSettings) -> None:
    """Make the bucket if it is missing and migrate the database."""
    store = S3Store(settings.s3)
    try:
        await store.ensure_bucket()
    finally:
        await store.aclose()
    await upgrade(settings.database_url)
