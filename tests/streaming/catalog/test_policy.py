from __future__ import annotations

from datetime import UTC, datetime

import pytest

from manifests.layout import AssetId
from streaming.catalog.errors import NotPublished
from streaming.catalog.model import Asset, AssetState, EditorialState
from streaming.catalog.policy import check_visible, sees_all
from streaming.http.auth import Principal, Role

NOW = datetime(2026, 2, 6, 20, tzinfo=UTC)


def asset(editorial: EditorialState) -> Asset:
    return Asset(
        id=AssetId("a"), state=AssetState.READY, editorial=editorial, version=1, last_version=1,
        growing=None, revision=1, titles={"en": "x"},
        default_language="en", descriptions={}, tags=(), sport=None, discipline=None, duration_s=1.0, width=16,
        height=9, source_filename=None, source_size=None, failure=None, profile="default", created_by="ann",
        created_at=NOW, updated_at=NOW, published_at=None,
    )  # fmt: skip


@pytest.mark.parametrize("editorial", EditorialState)
@pytest.mark.parametrize("role", [None, *Role])
def test_who_sees_what(editorial: EditorialState, role: Role | None) -> None:
    who = None if role is None else Principal(role=role, name="x", token_id="t")
    inside = role in {Role.EDITOR, Role.PUBLISHER, Role.ADMIN}
    assert sees_all(who) is inside
    if inside or editorial is EditorialState.PUBLISHED:
        check_visible(asset(editorial), who)
    else:
        with pytest.raises(NotPublished):
            check_visible(asset(editorial), who)
