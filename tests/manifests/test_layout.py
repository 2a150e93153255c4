from __future__ import annotations

import pytest

from manifests import layout
from manifests.layout import AssetId, RenditionId

_ASSET = AssetId("a-7")


@pytest.mark.parametrize(
    ("key", "version"),
    [
        (layout.segment(_ASSET, RenditionId("v720-1"), 0), 1),
        (layout.init(_ASSET, RenditionId("a2-13")), 13),
        (layout.media_playlist(_ASSET, RenditionId("v2160-2")), 2),
        (layout.multivariant(_ASSET), None),
        (layout.plan(_ASSET, 1), None),
        # Captions belong to the asset: their number is no version.
        (layout.caption_segment(_ASSET, RenditionId("t1-2"), 0), None),
        (layout.media_playlist(_ASSET, RenditionId("t12-34")), None),
    ],
)
def test_the_version_of_media(key: str, version: int | None) -> None:
    assert layout.media_version(key) == version


def test_secrets_are_told_from_other_facts() -> None:
    assert layout.is_keys(layout.keys(_ASSET, 12))
    for key in (layout.plan(_ASSET, 1), layout.caption_list(_ASSET, 1), "work/asset/0/keys.json", "work/keys.json"):
        assert not layout.is_keys(key), key
