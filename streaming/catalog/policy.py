"""Who may see and play an asset: one rule for the API, playback and sessions. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streaming.catalog.errors import NotPublished
from streaming.catalog.model import EditorialState
from streaming.http.auth import Role

if TYPE_CHECKING:
    from streaming.catalog.model import Asset
    from streaming.http.auth import Principal


def sees_all(principal: Principal | None) -> bool:
    """Whether somebody sees what is not published: editors and above."""
    return principal is not None and principal.role.allows(Role.EDITOR)


def check_visible(asset: Asset, principal: Principal | None) -> None:
    """Raises NotPublished unless the asset is published or an editor asks."""
    if asset.editorial is not EditorialState.PUBLISHED and not sees_all(principal):
        raise NotPublished
