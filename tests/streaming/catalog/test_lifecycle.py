from __future__ import annotations

import asyncio
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from infra.memory import MemoryCache, MemoryEngine
from manifests.layout import AssetId, RenditionId
from streaming.catalog.errors import AssetNotFound, IllegalTransition, UploadSuperseded
from streaming.catalog.lifecycle import changes_channel
from streaming.catalog.model import AssetState
from streaming.catalog.service import Catalogue
from transcoder.plan import AudioPlan, Plan, SourceRef, VideoPlan
from transcoder.windows import grow_task, index_task

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from streaming.catalog.model import Asset


@pytest.fixture
def cache() -> MemoryCache:
    return MemoryCache()


@pytest.fixture
def catalogue(tables: AsyncEngine, jobs: MemoryEngine, cache: MemoryCache) -> Catalogue:
    return Catalogue(sql=tables, cache=cache, jobs=jobs)


@pytest.fixture
async def asset(catalogue: Catalogue) -> Asset:
    return await catalogue.create(titles={"en": "Final"}, created_by="ann")


def plan_of(asset: AssetId, version: int) -> Plan:
    """Two seconds of sound."""
    track = AudioPlan(
        id=RenditionId(f"a1-{version}"), stream=0, time_base=Fraction(1, 48000), origin=0, sample_rate=48000,
        channels=2, samples=96000, cuts=(0, 94), bitrate=128000, codecs="mp4a.40.2", language="en", name="English",
        default=True,
    )  # fmt: skip
    source = SourceRef(key=f"sources/{asset}/{version}", size=5, demuxer="mov")
    return Plan(asset=asset, version=version, source=source, video=None, audio=(track,))


async def arrived(catalogue: Catalogue, asset: Asset) -> Asset:
    version = await catalogue.begin_upload(asset.id)
    return await catalogue.source_arrived(asset.id, version=version, size=5, filename="C:\\films\\a\x07.mp4")


async def test_a_life_from_upload_to_ready(catalogue: Catalogue, asset: Asset, jobs: MemoryEngine) -> None:
    indexing = await arrived(catalogue, asset)
    assert (indexing.state, indexing.version, indexing.source_size) == (AssetState.INDEXING, 1, 5)
    assert indexing.source_filename == "a.mp4"
    assert await jobs.pending(asset.id) == {index_task(asset.id, 1).name}
    assert [each.id for each in await catalogue.unfinished()] == [asset.id]
    playable = await catalogue.playable(asset.id, plan_of(asset.id, 1))
    assert (playable.state, playable.duration_s, playable.width) == (AssetState.PLAYABLE, 2.0, None)
    ready = await catalogue.ready(asset.id)
    assert ready.state is AssetState.READY
    assert await catalogue.unfinished() == []
    assert ready.revision == asset.revision, "what moves by itself is no edit"


async def test_steps_may_be_told_twice(catalogue: Catalogue, asset: Asset) -> None:
    await arrived(catalogue, asset)
    again = await catalogue.source_arrived(asset.id, version=1, size=5, filename="a.mp4")
    assert again.state is AssetState.INDEXING
    playable = await catalogue.playable(asset.id, plan_of(asset.id, 1))
    assert await catalogue.playable(asset.id, plan_of(asset.id, 1)) == playable
    ready = await catalogue.ready(asset.id)
    assert await catalogue.ready(asset.id) == ready
    assert await catalogue.playable(asset.id, plan_of(asset.id, 1)) == ready, "late news is old news"
    assert (await catalogue.source_arrived(asset.id, version=1, size=5, filename="a.mp4")) == ready


async def test_the_first_reason_of_a_failure_stays(catalogue: Catalogue, asset: Asset) -> None:
    await arrived(catalogue, asset)
    await catalogue.failed(asset.id, "not_media", "This is a text file.", "sniffed text/plain")
    failed = await catalogue.failed(asset.id, "other", "Something else.")
    assert failed.failure is not None
    assert (failed.failure.code, failed.failure.cause) == ("not_media", "sniffed text/plain")


async def test_a_failed_asset_takes_another_source(catalogue: Catalogue, asset: Asset) -> None:
    await arrived(catalogue, asset)
    await catalogue.failed(asset.id, "not_media", "This is a text file.")
    again = await arrived(catalogue, asset)
    assert (again.state, again.version, again.failure) == (AssetState.INDEXING, 2, None)
    await catalogue.failed(asset.id, "late", "Of the first source.", version=1)
    assert (await catalogue.playable(asset.id, plan_of(asset.id, 1))).state is AssetState.INDEXING
    assert (await catalogue.playable(asset.id, plan_of(asset.id, 2))).state is AssetState.PLAYABLE


async def test_of_two_uploads_the_first_to_arrive_is_used(catalogue: Catalogue, asset: Asset) -> None:
    versions = await asyncio.gather(*(catalogue.begin_upload(asset.id) for _ in range(3)))
    assert sorted(versions) == [1, 2, 3]
    await catalogue.source_arrived(asset.id, version=2, size=5, filename="b.mp4")
    for version in (1, 3):
        with pytest.raises(UploadSuperseded):
            await catalogue.source_arrived(asset.id, version=version, size=5, filename="c.mp4")
    with pytest.raises(IllegalTransition):
        await catalogue.begin_upload(asset.id)
    assert (await catalogue.get(asset.id)).version == 2


async def test_a_version_that_nobody_was_given_is_refused(catalogue: Catalogue, asset: Asset) -> None:
    with pytest.raises(UploadSuperseded):
        await catalogue.source_arrived(asset.id, version=1, size=5, filename="a.mp4")


async def test_an_abandoned_upload_may_arrive_after_all(catalogue: Catalogue, asset: Asset) -> None:
    version = await catalogue.begin_upload(asset.id)
    await catalogue.upload_abandoned(asset.id)
    await catalogue.upload_abandoned(asset.id)
    assert (await catalogue.get(asset.id)).state is AssetState.CREATED
    found = await catalogue.source_arrived(asset.id, version=version, size=5, filename="a.mp4")
    await catalogue.upload_abandoned(asset.id)
    assert (await catalogue.get(asset.id)) == found


async def test_abandoning_the_upload_of_a_deleted_asset_is_no_error(catalogue: Catalogue, asset: Asset) -> None:
    version = await catalogue.begin_upload(asset.id)
    await catalogue.delete(asset.id)
    await catalogue.upload_abandoned(asset.id)
    with pytest.raises(AssetNotFound):
        await catalogue.source_arrived(asset.id, version=version, size=5, filename="a.mp4")


async def test_steps_out_of_order_are_refused(catalogue: Catalogue, asset: Asset) -> None:
    for step in (catalogue.ready(asset.id), catalogue.failed(asset.id, "x", "y")):
        with pytest.raises(IllegalTransition):
            await step


async def test_every_change_wakes_who_watches(catalogue: Catalogue, asset: Asset, cache: MemoryCache) -> None:
    async with cache.subscribe(changes_channel(asset.id)) as messages, asyncio.timeout(60):
        for change in (
            arrived(catalogue, asset),
            catalogue.edit(asset.id, {"sport": "judo"}),
            catalogue.publish(asset.id),
            catalogue.delete(asset.id),
        ):
            await change
            assert (await anext(messages))[0] == changes_channel(asset.id)


async def test_bytes_that_arrive_are_followed_while_they_do(
    catalogue: Catalogue, asset: Asset, jobs: MemoryEngine
) -> None:
    version = await catalogue.begin_upload(asset.id)
    for _ in range(2):
        await catalogue.source_arriving(asset.id, version=version)
    assert await jobs.pending(asset.id) == {grow_task(asset.id, version).name}
    await catalogue.source_given_up(asset.id, version=version)
    assert await jobs.pending(asset.id) == frozenset()
    other = await arrived(catalogue, asset)
    await catalogue.source_arriving(asset.id, version=version)
    await catalogue.source_given_up(asset.id, version=version)
    assert await jobs.pending(asset.id) == {index_task(asset.id, other.version).name}, "another source is at work"
    await catalogue.delete(asset.id)
    with pytest.raises(AssetNotFound):
        await catalogue.source_arriving(asset.id, version=version)
    await catalogue.source_given_up(asset.id, version=version)


def growing_plan(asset: AssetId, version: int) -> Plan:
    """Two seconds of pictures have arrived."""
    video = VideoPlan(
        stream=0, rate=Fraction(25), frames=50, gop=50, segment=50, time_base=Fraction(1, 25), origin=0, starts=(0,),
        constant=True, interlaced=False, hdr=None, rotation=0, mirrored=False, width=640, height=360, rungs=(),
    )  # fmt: skip
    return replace(plan_of(asset, version), video=video, grown=True)


async def test_a_source_is_played_while_it_arrives(catalogue: Catalogue, asset: Asset) -> None:
    version = await catalogue.begin_upload(asset.id)
    assert [each.id for each in await catalogue.arriving()] == [asset.id]
    growing = await catalogue.growing(asset.id, growing_plan(asset.id, version))
    assert (growing.state, growing.playing, growing.width) == (AssetState.UPLOADING, version, 640)
    assert await catalogue.arriving() == []
    indexing = await catalogue.source_arrived(asset.id, version=version, size=5, filename="a.ts")
    assert (indexing.state, indexing.playing) == (AssetState.INDEXING, version)
    playable = await catalogue.playable(asset.id, plan_of(asset.id, version))
    assert (playable.playing, playable.growing) == (version, None)


async def test_of_several_sources_the_first_that_can_be_is_played_until_another_arrives(
    catalogue: Catalogue, asset: Asset
) -> None:
    first, second = [await catalogue.begin_upload(asset.id) for _ in range(2)]
    await catalogue.growing(asset.id, growing_plan(asset.id, first))
    assert (await catalogue.growing(asset.id, growing_plan(asset.id, second))).playing == first
    arrived = await catalogue.source_arrived(asset.id, version=second, size=5, filename="b.ts")
    assert (arrived.version, arrived.playing) == (second, None)
    assert (await catalogue.growing(asset.id, growing_plan(asset.id, first))).playing is None


async def test_what_stops_coming_is_played_no_longer(catalogue: Catalogue, asset: Asset) -> None:
    version = await catalogue.begin_upload(asset.id)
    await catalogue.growing(asset.id, growing_plan(asset.id, version))
    await catalogue.upload_abandoned(asset.id)
    found = await catalogue.get(asset.id)
    assert (found.state, found.playing) == (AssetState.CREATED, None)
    assert (await catalogue.growing(asset.id, growing_plan(asset.id, version))).playing is None
