from __future__ import annotations

from infra.memory import MemoryStore
from manifests import layout
from manifests.layout import AssetId, RenditionId
from transcoder.captions.listed import NONE, CaptionList, ListedTrack, dump, find_captions, read_captions
from transcoder.captions.publish import publish_list, sweep_lists

ASSET = AssetId("asset")


def track(rendition: str, version: int | None = None) -> ListedTrack:
    return ListedTrack(
        rendition=RenditionId(rendition), language="en", name=rendition, kind="subtitles", version=version
    )


async def test_the_highest_revision_counts_and_none_is_ever_written_over() -> None:
    store = MemoryStore()
    assert await find_captions(store, ASSET) == NONE
    lists = [CaptionList(revision=number, tracks=(track(f"t1-{number}"),)) for number in (2, 10, 9)]
    for each in lists:
        await publish_list(store, ASSET, each)
    await publish_list(store, ASSET, CaptionList(revision=10))
    assert await find_captions(store, ASSET) == lists[1]
    assert await read_captions(store, ASSET, 9) == lists[2]
    assert await read_captions(store, ASSET, 3) is None
    await sweep_lists(store, ASSET, before=10)
    assert [stat.key async for stat in store.list(layout.caption_lists(ASSET))] == [layout.caption_list(ASSET, 10)]


def test_tracks_of_another_source_are_not_listed_beside_this_one() -> None:
    listed = CaptionList(revision=1, tracks=(track("t1-1"), track("t2-1", 1), track("t3-1", 2)))
    assert [each.rendition for each in listed.of(2)] == ["t1-1", "t3-1"]
    assert b'"revision":1' in dump(listed)
