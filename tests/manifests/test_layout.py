from __future__ import annotations

import pytest

from manifests import layout
from manifests.layout import AssetId, ChannelId, RenditionId

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


def test_live_segments_are_held_by_their_event() -> None:
    channel, rendition = ChannelId("arena"), RenditionId("v720-3")
    key = layout.live_segment(channel, rendition, 935_070_981)
    parsed = layout.parse_live_segment(key)
    assert parsed is not None
    assert (parsed.channel, parsed.rendition, parsed.number) == (channel, rendition, 935_070_981)
    owner = layout.live_owner(channel, 3)
    assert layout.source_owner(key) == owner
    assert not layout.is_name(owner[0]), "no asset has that id"
    hold = layout.hold(owner, AssetId("clip"), 2)
    assert hold.startswith(layout.hold_prefix(*owner))
    assert layout.parse_hold(hold) == (AssetId("clip"), 2)
    assert layout.parse_hold(layout.source(AssetId("clip"), 2)) is None


def test_objects_of_a_channel_belong_to_an_event() -> None:
    channel, rendition = ChannelId("arena"), RenditionId("v720-3")
    for key in (
        layout.live_segment(channel, rendition, 7), layout.live_init(channel, rendition, "init-0.mp4"),
        layout.live_playlist(channel, rendition),
    ):  # fmt: skip
        assert layout.live_event_of(key) == 3
        assert key.startswith(layout.live_rendition(channel, rendition))
    assert layout.live_event_of(layout.segment(AssetId("arena"), rendition, 7)) is None
    assert layout.parse_live_segment(layout.live_init(channel, rendition, "init-0.mp4")) is None
    assert layout.source_owner(layout.live_playlist(channel, rendition)) is None
