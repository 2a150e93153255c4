"""From SQL to what players fetch, over a real store: revisions, kills, old URLs, other lengths, the static playlist."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from manifests import layout, media_types
from manifests.captions.read import read
from manifests.layout import AssetId, RenditionId
from streaming.captions import publisher
from streaming.captions.publisher import KEPT, Publisher
from streaming.clock import utc_now
from tests.streaming.playback.conftest import make_plan
from transcoder.captions.listed import find_captions
from transcoder.measured import Measured, RenditionSizes
from transcoder.measured import dump as dump_sizes
from transcoder.plan import dump as dump_plan

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from infra.s3 import S3Store
    from streaming.services import Services
    from transcoder.plan import Plan

VTT = b"WEBVTT\n\n00:01.000 --> 00:02.500\nOn your marks\n\n00:03.000 --> 00:04.000\nSet\n"
OTHER = b"WEBVTT\n\n00:01.000 --> 00:02.500\nPreparados\n"


@pytest.fixture
async def playable(services: Services, store: S3Store, asset: str) -> Callable[[], Awaitable[Plan]]:
    """`await playable()`: the asset has a plan of ten seconds from now on, and is published."""

    async def make() -> Plan:
        asset_id = AssetId(asset)
        version = await services.catalogue.begin_upload(asset_id)
        await services.catalogue.source_arrived(asset_id, version=version, size=1000, filename="final.mp4")
        plan = make_plan(asset_id)
        await store.put(layout.plan(asset_id, version), dump_plan(plan), content_type="application/json")
        await services.catalogue.playable(asset_id, plan)
        await services.catalogue.publish(asset_id)
        return plan

    return make


async def test_captions_that_came_first_are_published_with_the_plan(
    editor: httpx.AsyncClient, captions: str, asset: str, add: Any, playable: Any, services: Services
) -> None:
    await add(VTT, kind="captions", default="true")
    assert (await editor.get(f"/v/{asset}/t1-1/index.m3u8")).status_code == 404
    await playable()
    await services.caption_keeper.sweep(thorough=False)
    track = (await editor.get(captions)).json()["tracks"][0]
    assert (track["state"], track["playlist_url"]) == ("published", f"/v/{asset}/t1-1/index.m3u8")

    editor.headers.pop("authorization")
    listed = (await editor.get(f"/v/{asset}/index.m3u8")).text
    assert (
        'TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="English (CC)",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,'
        'CHARACTERISTICS="public.accessibility.transcribes-spoken-dialog,'
        'public.accessibility.describes-music-and-sound",URI="t1-1/index.m3u8"'
    ) in listed
    assert 'SUBTITLES="subtitles"' in listed
    playlist = await editor.get(track["playlist_url"])
    assert playlist.headers["content-type"] == media_types.M3U8
    assert "#EXT-X-PLAYLIST-TYPE:VOD" in playlist.text
    # The content lasts 10.005333 s, its longest track.
    assert "#EXTINF:10.005,\n0.vtt" in playlist.text
    segment = await editor.get(f"/v/{asset}/t1-1/0.vtt")
    assert segment.headers["content-type"] == "text/vtt; charset=utf-8"
    assert segment.headers["cache-control"] == media_types.IMMUTABLE
    assert segment.text.startswith("WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n")
    assert [cue.text for cue in read(segment.content).cues] == ["On your marks", "Set"]
    assert (await editor.get(f"/v/{asset}/t1-1/1.vtt")).json()["code"] == "segment_not_found"
    assert (await editor.get(f"/v/{asset}/v360-1/0.vtt")).json()["code"] == "segment_not_found"


async def test_an_edit_has_new_urls_and_nobody_is_interrupted(
    editor: httpx.AsyncClient, captions: str, asset: str, add: Any, playable: Any, services: Services, store: S3Store
) -> None:
    await playable()
    assert (await add(VTT))["state"] == "published"
    before = await editor.get(f"/v/{asset}/t1-1/0.vtt")
    edited = await editor.put(f"{captions}/t1", content=OTHER)
    assert edited.json()["playlist_url"] == f"/v/{asset}/t1-2/index.m3u8"
    assert "Preparados" in (await editor.get(f"/v/{asset}/t1-2/0.vtt")).text
    # Who watches has the old names: they hold what they held.
    assert (await editor.get(f"/v/{asset}/t1-1/0.vtt")).content == before.content
    assert (await editor.get(f"/v/{asset}/t1-1/index.m3u8")).status_code == 200
    named = await editor.patch(f"{captions}/t1", json={"name": "Commentary"})
    assert named.json()["playlist_url"] == f"/v/{asset}/t1-2/index.m3u8"  # the same text, the same URL

    later = Publisher(
        store=store, cache=services.infra.cache, catalogue=services.catalogue, captions=services.captions,
        clock=lambda: utc_now() + KEPT + timedelta(seconds=1),
    )  # fmt: skip
    await later.sweep()
    assert (await editor.get(f"/v/{asset}/t1-1/0.vtt")).status_code == 404
    assert (await editor.get(f"/v/{asset}/t1-1/index.m3u8")).status_code == 404
    assert (await editor.get(f"/v/{asset}/t1-2/0.vtt")).status_code == 200
    assert [stat.key async for stat in store.list(layout.caption_lists(AssetId(asset)))] == [
        layout.caption_list(AssetId(asset), 3)
    ]
    await editor.delete(f"{captions}/t1")
    assert (await find_captions(store, AssetId(asset))).tracks == ()


async def test_what_was_broken_off_anywhere_is_done_by_the_next(
    asset: str, add: Any, playable: Any, services: Services, store: S3Store, editor: httpx.AsyncClient
) -> None:
    """Killed after any of its writes, and run again, publishing leaves what it would have left."""
    await add(VTT)
    plan = await playable()
    asset_id, rendition = AssetId(asset), RenditionId("t1-1")
    await services.caption_publisher.publish(asset_id)
    written = [
        layout.caption_segment(asset_id, rendition, 0), layout.media_playlist(asset_id, rendition),
        layout.caption_list(asset_id, 1),
    ]  # fmt: skip
    whole = [await store.read(key) for key in written]
    tracks = await services.captions.tracks(asset_id)
    for survivors in range(3):
        await store.delete(written[survivors:])
        await services.caption_publisher.publish(asset_id)
        assert [await store.read(key) for key in written] == whole
    assert await services.captions.tracks(asset_id) == tracks
    assert tracks.published == plan.version == 1


async def test_who_has_begun_to_publish_may_take_his_time(
    asset: str, add: Any, playable: Any, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Patience is for those who wait for somebody else."""
    await playable()
    await add(VTT)
    prepare = services.captions.prepare

    async def slowly(*asked: Any, **more: Any) -> Any:
        await anyio.sleep(publisher._PATIENCE_S)
        return await prepare(*asked, **more)

    with monkeypatch.context() as slow:
        slow.setattr(services.captions, "prepare", slowly)
        assert await services.caption_publisher.publish(AssetId(asset))
    assert await services.caption_publisher.publish(AssetId(asset))


async def test_the_static_playlist_of_a_ready_asset_lists_them(
    asset: str, add: Any, playable: Any, services: Services, store: S3Store, editor: httpx.AsyncClient, captions: str
) -> None:
    plan = await playable()
    sizes = Measured(
        asset=plan.asset, version=1,
        renditions={
            rendition: RenditionSizes(init=800, segments=(50_000,) * count)
            for rendition, count in plan.renditions().items()
        },
    )  # fmt: skip
    await store.put(layout.measured(plan.asset, 1), dump_sizes(sizes), content_type="application/json")
    await add(VTT)
    static = (await store.read(layout.multivariant(plan.asset))).decode()
    assert 'URI="t1-1/index.m3u8"' in static
    await editor.put(f"{captions}/t1", content=OTHER)
    static = (await store.read(layout.multivariant(plan.asset))).decode()
    assert 'URI="t1-2/index.m3u8"' in static
    assert "t1-1" not in static


async def test_another_length_gets_other_names(asset: str, add: Any, playable: Any, services: Services) -> None:
    await playable()
    await add(VTT)
    tracks, _ = await services.captions.prepare(AssetId(asset), version=1, length=60_000)
    assert tracks.tracks[0].rendition_id == "t1-2"
    again, _ = await services.captions.prepare(AssetId(asset), version=1, length=60_000)
    assert again.tracks == tracks.tracks


async def test_a_growing_asset_lists_no_captions_yet(
    asset: str, add: Any, services: Services, store: S3Store, editor: httpx.AsyncClient
) -> None:
    asset_id = AssetId(asset)
    await services.catalogue.begin_upload(asset_id)
    plan = replace(make_plan(asset_id), grown=True)
    await store.put(layout.growing(asset_id, 1), dump_plan(plan), content_type="application/json")
    await services.catalogue.growing(asset_id, plan)
    assert (await add(VTT))["state"] == "waiting"
    listed = await editor.get(f"/v/{asset}/index.m3u8")
    assert listed.status_code == 200
    assert "SUBTITLES" not in listed.text
